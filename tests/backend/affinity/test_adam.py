"""Adam against torch's own, and what only ours can: some rows, and no compiler at the start."""

import subprocess
import sys

import pytest
import torch

from backend.affinity.adam import Adam

GRADIENTS = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0))


def test_steps_on_everything_are_torchs():
    values = torch.ones(4, 3)
    theirs = torch.ones(4, 3, requires_grad=True)
    optimizer = torch.optim.Adam([theirs], lr=0.1, eps=1e-15)
    ours = Adam(values)
    for gradient in GRADIENTS:
        theirs.grad = gradient.clone()
        optimizer.step()
        ours.step(gradient, 0.1)
    torch.testing.assert_close(values, theirs.detach())


def test_rows_that_a_step_leaves_out_are_left_alone():
    values = torch.ones(4, 3)
    adam = Adam(values)
    adam.step(GRADIENTS[0][:2], 0.1, torch.tensor([3, 1]))
    assert torch.equal(values[[0, 2]], torch.ones(2, 3))
    # The first step goes by the learning rate, against the sign of the gradient.
    torch.testing.assert_close(values[[3, 1]], 1 - 0.1 * GRADIENTS[0][:2].sign())


def test_a_step_that_fails_changes_nothing():
    adam, untouched = Adam(torch.ones(4, 3)), Adam(torch.ones(4, 3))
    with pytest.raises(RuntimeError):
        adam.step(GRADIENTS[0][:3], 0.1)
    for one in (adam, untouched):
        one.step(GRADIENTS[0], 0.1)
        one.step(GRADIENTS[1], 0.1)
    assert torch.equal(adam.values, untouched.values)


def test_training_does_not_load_torchs_optimisers():
    """They import a compiler, which at the first step was a second without a report."""
    code = "import sys, backend.answers.train; print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
