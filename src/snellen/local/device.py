"""What is known of the device a model runs on."""

from __future__ import annotations

import os
import platform

import torch

from snellen.errors import Missing


def synchronise(device: torch.device) -> None:
    """Waits until the device has done what it was given, so that the clock tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak_gpu_gb(device: torch.device) -> float | None:
    """The most memory that was reserved on all CUDA devices, in GiB; None where it is not measured."""
    if device.type != "cuda":
        return None
    devices = range(torch.cuda.device_count())
    return float(sum(torch.cuda.max_memory_reserved(number) for number in devices)) / 2**30


def name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return platform.processor() or platform.machine()


def free_bytes(device: torch.device) -> int:
    """How much memory is free on the device, or on the machine for other devices than CUDA's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 1 << 30


def pick_device(wanted: str, owner: str) -> torch.device:
    """The device asked for, or the best there is. Raises Missing where the one asked for is not there."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    device = torch.device(wanted)
    there = {"cpu": True, "cuda": cuda and (device.index or 0) < torch.cuda.device_count(), "mps": mps}[device.type]
    if not there:
        raise Missing(f"{owner}: device={wanted}: torch {torch.__version__} sees no such device here; try device=auto")
    return device
