"""Writes a small WordNet in the format of its database files, wndb(5WN): own words, own glosses, true offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

# of each synset: its words, what it is a kind of, and a gloss
NOUNS: Mapping[str, tuple[str, str, str]] = {
    "entity": ("entity", "", "whatever there is"),
    "animal": ("animal, beast", "entity", "a living thing that moves"),
    "artifact": ("artifact", "entity", "a thing that somebody made"),
    "feline": ("feline", "animal", "of the family of cats"),
    "cat": ("cat, true_cat", "feline", "small and kept at home"),
    "tabby": ("tabby, tabby_cat", "cat", "a cat with stripes"),
    "big_cat": ("big_cat, cat", "feline", "large and not kept at home"),
    "leopard": ("leopard, Panthera_pardus", "big_cat", "a big cat with spots"),
    "dog": ("dog, domestic_dog", "animal", "barks"),
    "dalmatian": ("dalmatian, coach_dog, carriage_dog", "dog", "a dog with spots"),
    "dolphin": ("dolphin", "animal", "a small whale"),
    "orca": ("killer_whale, killer, orca", "dolphin", "a large dolphin"),
    "dolphinfish": ("dolphinfish, dolphin", "animal", "a fish of warm seas"),
    "bird": ("bird", "animal", "flies, mostly"),
    "crane_bird": ("crane", "bird", "a bird with long legs"),
    "crane_machine": ("crane", "artifact", "lifts what is heavy"),
    "crustacean": ("crustacean", "animal", "with a hard skin"),
    "crab": ("crab", "crustacean", "walks sideways"),
    "rock_crab": ("rock_crab, Cancer_irroratus", "crab", "a crab of rocky shores"),
    "hermit_crab": ("hermit_crab", "crustacean", "lives in the shells of others"),
    "airplane": ("airplane, aeroplane, plane", "artifact", "flies with wings that do not move"),
    "airliner": ("airliner", "airplane", "carries passengers"),
    "plane": ("plane, carpenter's_plane", "artifact", "makes wood smooth"),
    "light": ("lamp", "artifact", "whatever shines"),
    "candle": ("candle", "light", "of wax"),
    "lamp": ("lamp", "artifact", "stands in a room and shines"),
    "table_lamp": ("table_lamp", "lamp", "stands on a table"),
    "pet": ("pet", "animal", "kept for pleasure"),
    "lapdog": ("lapdog", "dog, pet", "small enough for a lap"),
    "rex": ("Rex", "*dog", "a dog that somebody knows"),
}
ORDER: Mapping[str, Sequence[str]] = {  # the more frequent sense first
    "cat": ("cat", "big_cat"),
    "dolphin": ("dolphinfish", "dolphin"),
    "crane": ("crane_machine", "crane_bird"),
    "plane": ("airplane", "plane"),
}
LICENCE = "  1 Written for a test.  \n"


def write_wordnet(folder: Path) -> dict[str, int]:
    """Writes `index.noun` and `data.noun`; the offset of each synset."""
    folder.mkdir(parents=True, exist_ok=True)
    offsets = dict.fromkeys(NOUNS, 0)
    for _ in range(2):  # the lengths of lines do not depend on the offsets, which have eight digits
        place, lines = len(LICENCE), []
        for name in NOUNS:
            offsets[name] = place
            lines.append(_line(name, offsets))
            place += len(lines[-1].encode())
    (folder / "data.noun").write_text(LICENCE + "".join(lines), encoding="utf-8")
    senses: dict[str, list[str]] = {}
    for name, (words, _, _) in NOUNS.items():
        for word in words.split(", "):
            senses.setdefault(word.lower(), []).append(name)
    index = [_entry(lemma, [offsets[each] for each in ORDER.get(lemma, senses[lemma])]) for lemma in sorted(senses)]
    (folder / "index.noun").write_text(LICENCE + "".join(index), encoding="utf-8")
    return offsets


def _line(name: str, offsets: Mapping[str, int]) -> str:
    words, kinds, gloss = NOUNS[name]
    said = words.split(", ")
    ups = [("@i" if kind[0] == "*" else "@", offsets[kind.lstrip("*")]) for kind in kinds.split(", ") if kind]
    downs = [("~", offsets[other]) for other, (_, up, _) in NOUNS.items() if name in up.split(", ")]
    pointers = "".join(f"{symbol} {to:08d} n 0000 " for symbol, to in [*ups, *downs])
    spoken = "".join(f"{word} 0 " for word in said)
    return f"{offsets[name]:08d} 03 n {len(said):02x} {spoken}{len(ups) + len(downs):03d} {pointers}| {gloss}  \n"


def _entry(lemma: str, senses: Sequence[int]) -> str:
    return f"{lemma} n {len(senses)} 2 @ ~ {len(senses)} 0 {' '.join(f'{each:08d}' for each in senses)}  \n"
