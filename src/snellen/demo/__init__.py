"""What comes with the package for a first look: drawn pictures, and small trained models in `models/`."""
