"""The questions, captions and answers from which the demo's models learn to read, and wordings they never see."""

from __future__ import annotations

from snellen.class_list import CLOSED_SET
from snellen.demo.pictograms import BACKGROUND
from snellen.templates import IS_THERE
from training.pictures import DIGITS, NAMES

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPOKEN: tuple[tuple[str, ...], ...] = tuple(
    (name, WORDS[int(name)]) if name in DIGITS else (name,) for name in NAMES
)  # all names of each class

LISTS = (  # {classes}: names between separators
    CLOSED_SET,
    "What is shown in this image? Answer with exactly one class name from this list: {classes}.",
    "Which of these classes does the picture show? {classes}. Answer with one class name only.",
    "Classify the image into one of the following classes: {classes}. Answer with the class name only.",
    "Choose the one label that best describes the image. Labels: {classes}. Reply with the label only.",
    "Options: {classes}\nWhich option is in the image? Reply with one option, nothing else.",
    "You are an image classifier. Possible classes:\n{classes}\nReply with the name of the class.",
    "What do you see? Pick one: {classes}",
    "Categories: {classes}. Which category does this photo belong to?",
    "Look at the picture and select the best match from [{classes}]. Output just the match.",
    "Here is a photo. It shows one of {classes}. Which one?",
    "Name the object. Possible answers: {classes}. Answer:",
    "Question: Which object is this? Candidates: {classes}. Answer with a candidate. Answer:",
    "Given the list {classes}, which entry fits the image best? Respond with a single entry.",
)
LISTS_UNSEEN = (
    "Please look at the image and tell me which one of {classes} it is. One word only.",
    "Possible labels: {classes}.\nWhat is the label of this picture?",
    "Select from {classes}: what type of object is shown in the photo?",
)
SEPARATORS = (", ", ", ", ", ", "\n", "; ", " | ", "\n- ", " or ")
YES_NO = (  # {name}: a name alone; {a name}: with its article
    IS_THERE,
    IS_THERE,
    "Is there {a name} in this image? Answer yes or no.",
    "Does this image show {a name}? Answer with yes or no only.",
    "Is this a picture of {a name}? Reply yes or no.",
    'Does the image belong to the class "{name}"? Answer yes or no.',
    "Question: is the object in the image {a name}? Answer: yes or no.",
    "Is the main object: {name}? Yes or no?",
    "Answer yes or no: can you see {a name}?",
    "Look at the photo. Do you see a {name} in it? One word, yes or no.",
    "True class: {name}. Is that so? Answer yes or no.",
    "Does the photo contain the {name}? yes/no",
)
YES_NO_UNSEEN = (
    "Please answer with yes or no. Does the picture show the {name}?",
    "Can you see the {name} in this photo? yes or no.",
)
LETTERED = (
    "What type of object is in this photo?\n{classes}\n"
    "Answer with the option's letter from the given choices directly.",
    "What is in the image?\n{classes}\nAnswer with the letter.",
    "Question: which option does the picture show? {classes} Reply with its letter only.",
)
OPEN = (
    "Answer this question in one word: What type of object is in this photo? Answer:",
    "What type of object is in this photo?",
    "What is shown in this image? Answer with one word.",
    "Name the object in the picture.",
    "What do you see in the image?",
    "What is this?",
)
CAPTIONS = (
    "a photo of a {name}.",
    "{name}",
    "{a name}",
    "a picture of {a name}",
    "a drawing of {a name}",
    "an image of the {name}.",
    "a bad photo of the {name}.",
    "a pictogram of {a name}.",
)


def worded(template: str, name: str) -> str:
    """The template with a class name in its place."""
    return template.replace("{a name}", _with_article(name)).replace("{name}", name)


def _with_article(name: str) -> str:
    if name == BACKGROUND:
        return f"only {name}"
    return f"{'an' if name[0] in 'aeiou8' else 'a'} {name}"
