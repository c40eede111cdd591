"""A request's body is the JSON that json.dumps writes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from remote_models import drawn
from snellen.remote.body import encoded
from snellen.remote.pictures import prepare
from snellen.remote.wire import Takes

PHOTOS = [prepare(drawn(seed), Takes(frozenset({"image/png"}), 10_000))[0] for seed in range(3)]
LEAVES = st.one_of(
    st.text(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.sampled_from([photo.uri for photo in PHOTOS] + [photo.base64 for photo in PHOTOS]),
)
BODIES = st.dictionaries(
    st.text(), st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
)


@settings(max_examples=40, deadline=None)
@given(BODIES)
def test_a_body_is_what_json_writes(body: dict[str, Any]) -> None:
    assert encoded(body, PHOTOS) == json.dumps(body, separators=(",", ":")).encode()
