"""The innermost own call of a stack, beside a walk up from every node."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.owners import owners


@st.composite
def trees(draw):
    size = draw(st.integers(0, 30))
    return [draw(st.integers(-1, node - 1)) for node in range(size)]


@given(trees(), st.data())
def test_the_owner_is_the_nearest_own_node_above_and_the_entry_the_one_below_it(parent, data):
    own = [data.draw(st.booleans()) for _ in parent]
    owner, entry = owners(np.array(parent, np.int32), np.array(own, bool))
    for node in range(len(parent)):
        walked, at = [node], node
        while at >= 0 and not own[at]:
            at = parent[at]
            walked.append(at)
        assert owner[node] == at
        if at < 0 or at == node:
            assert entry[node] == node
        else:
            assert entry[node] == walked[-2]
