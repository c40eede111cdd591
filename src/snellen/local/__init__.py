"""What all engines have in common that run a checkpoint on this machine: where it lies, its device, its batches."""
