"""What is measured of a model beside its answers: speed, latency, memory, and the machine it ran on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from snellen.images import Image
from snellen.runner import Ended, Runner
from snellen.types import Engine, Failure, Inquiry

TIMED_IMAGES = 64
PASS_SECONDS = 60.0  # a slow model is timed on fewer images rather than for hours
PACKAGES = (
    *("snellen", "numpy", "pillow", "torch", "torchvision", "transformers", "onnxruntime", "tokenizers", "safetensors"),
    *("timm", "open-clip-torch", "scikit-learn", "model2vec", "sentence-transformers", "aiohttp"),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Speed at the run's batch size, and seconds from first question to prediction at batch size 1."""

    images_per_second: float | None
    timed_images: int
    latency_p50: float | None
    latency_p90: float | None
    latency_p99: float | None
    latency_images: int


def time_row(engines: Mapping[str, Engine], images: Sequence[Image], inquire: Callable[[Image], Inquiry]) -> Timing:
    """Times one row on loaded engines: a warm-up, all images at once, then each image alone.

    Answers are neither looked up nor kept. Images that fail are not counted. Loading is not part of it.
    """
    _all_at_once(engines, images[:8], inquire, PASS_SECONDS / 2)
    done, seconds = _all_at_once(engines, images, inquire, PASS_SECONDS)
    latencies = _one_by_one(engines, images, inquire, PASS_SECONDS)
    p50, p90, p99 = (float(value) for value in np.percentile(latencies, (50, 90, 99))) if latencies else (None,) * 3
    return Timing(done / seconds if done else None, done, p50, p90, p99, len(latencies))


def _all_at_once(
    engines: Mapping[str, Engine], images: Sequence[Image], inquire: Callable[[Image], Inquiry], limit: float
) -> tuple[int, float]:
    """The number of images answered and the seconds it took; no image is begun after `limit` seconds."""
    runner = Runner(engines)
    start = time.perf_counter()
    waiting = list(enumerate(images))[::-1]
    done = 0
    while runner.busy or waiting:
        while waiting and runner.room():
            number, image = waiting.pop()
            runner.start(number, image, {0: inquire(image)}, {})
        done += sum(isinstance(event, Ended) and not isinstance(event.result, Failure) for event in runner.step(1.0))
        if time.perf_counter() - start > limit:
            waiting = []
    return done, time.perf_counter() - start


def _one_by_one(
    engines: Mapping[str, Engine], images: Sequence[Image], inquire: Callable[[Image], Inquiry], limit: float
) -> list[float]:
    latencies = []
    for image in images:
        done, seconds = _all_at_once(engines, [image], inquire, limit)
        if done:
            latencies.append(seconds)
        limit -= seconds
        if limit < 0:
            break
    return latencies


def peak_rss_gb() -> float | None:
    """The largest resident memory of this process so far, in GiB; None where the system does not tell."""
    try:
        # unlike ru_maxrss, VmHWM does not start from the parent's peak
        status = Path("/proc/self/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    except (OSError, ValueError):
        if sys.platform == "win32":
            return None
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def environment() -> dict[str, Any]:
    """Versions and machine, without a host name or any other private matter."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "ram_gb": round(_ram() / 2**30, 1) if _ram() else None,
        "packages": versions(PACKAGES),
    }


def read_environments(path: Path) -> list[Any]:
    """The environments that a run folder's `environment.json` holds; none where there is no such file to be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def versions(packages: Sequence[str]) -> Mapping[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _ram() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0
