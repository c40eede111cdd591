"""What lmms-eval needs to ask the questions of `against_lmms_eval.py`: how it is started, and its task files."""

from __future__ import annotations

# torchvision built for CUDA lacks two operators beside torch built for the CPU: then it cannot be imported
OPERATORS = """
import torch

library = torch.library.Library("torchvision", "DEF")
library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
# the wheel lacks files that lmms-eval's own tasks include (its issue 1350): it ends when it reads them, so it does not
START = """
from functools import partialmethod

from lmms_eval.tasks import TaskManager

TaskManager.__init__ = partialmethod(TaskManager.__init__, include_defaults=False)
from lmms_eval.__main__ import cli_evaluate

cli_evaluate()
"""
TASK = """
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {documents}
test_split: test
output_type: generate_until
doc_to_visual: !function utils.visual
doc_to_text: !function utils.text
doc_to_target: label
generation_kwargs:
  max_new_tokens: {tokens}
  temperature: 0
  do_sample: false
  until: ["<|im_end|>"]
process_results: !function utils.score
metric_list:
  - metric: score
    aggregation: mean
    higher_is_better: true
"""
UTILS = """
from PIL import Image


def visual(doc):
    with Image.open(doc["path"]) as image:
        return [image.convert("RGB")]


def text(doc, lmms_eval_specific_kwargs=None):
    return doc["prompt"]


def score(doc, results):
    return {"score": float(results[0].strip().lower() == doc["label"])}
"""
