from functools import partial

import numpy as np
import pytest
import shapely

from healthycities.errors import ConfigError
from healthycities.spatial.parallel import hilbert_order, map_blocks, row_blocks


def scaled(block, factor=1.0):
    """Multiply a block."""
    return block * factor


def added(block):
    """Add the two arrays of a block."""
    return block[0] + block[1]


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_results_come_in_the_order_of_the_blocks(scheduler):
    """Results are in the order of the blocks, whichever finishes first."""
    blocks = row_blocks(np.arange(23), 4)
    found = map_blocks(partial(scaled, factor=2.0), blocks, scheduler=scheduler, workers=2)
    assert np.concatenate(found).tolist() == list(range(0, 46, 2))


def test_a_block_may_be_several_arrays():
    """A function is given a tuple of arrays as it is, and repeated blocks stay apart."""
    block = (np.array([1, 2]), np.array([10, 20]))
    assert [part.tolist() for part in map_blocks(added, [block, block])] == [[11, 22]] * 2


def test_progress_is_told_by_tenths(caplog):
    """Of 25 blocks, each tenth that is passed is told once, and the last block at the end."""
    with caplog.at_level("INFO"):
        map_blocks(scaled, [np.array([n]) for n in range(25)], workers=2)
    told = [record.getMessage() for record in caplog.records]
    done = [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]
    assert told == [f"{n} of 25 blocks done" for n in done]


def test_no_blocks_give_no_results():
    """Nothing to do is no error."""
    assert map_blocks(scaled, []) == []


def test_an_error_in_a_block_comes_out():
    """What a function raises reaches the caller as it was."""
    with pytest.raises(ZeroDivisionError):
        map_blocks(lambda block: 1 // block, [1, 0])


def test_unknown_scheduler_is_refused():
    """A scheduler that is neither known nor an address is an error that lists what is."""
    with pytest.raises(ConfigError, match=r"'processes', 'synchronous' or an address, found 'sl"):
        map_blocks(scaled, [], scheduler="slurm")


def test_blocks_hold_every_row_once():
    """The last block is shorter, and the blocks end to end are the order."""
    blocks = row_blocks(np.array([3, 1, 2, 0, 4]), 2)
    assert [block.tolist() for block in blocks] == [[3, 1], [2, 0], [4]]
    assert row_blocks(np.arange(0), 2) == []


def test_a_block_holds_something():
    """A block size below 1 is refused."""
    with pytest.raises(ConfigError, match="block_size"):
        row_blocks(np.arange(3), 0)


def test_hilbert_order_keeps_neighbours_together():
    """Along the order of a square of boxes, each step is short, and every box comes once."""
    x, y = np.divmod(np.arange(256), 16)
    order = hilbert_order(shapely.box(x, y, x + 1, y + 1))
    steps = np.hypot(np.diff(x[order]), np.diff(y[order]))
    assert sorted(order) == list(range(256))
    assert steps.mean() < 1.2
    assert len(hilbert_order(np.array([], dtype=object))) == 0
