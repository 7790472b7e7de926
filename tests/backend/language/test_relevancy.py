"""How much better a text fits a picture than texts that say nothing, by hand."""

import numpy as np
import pytest

from backend.language.relevancy import relevancy


def test_the_neutral_text_that_fits_best_decides():
    images = np.eye(3)[:2]
    text, neutral = np.array([0.6, 0.8, 0]), np.array([[0.4, 0, 0.9], [0, 0.9, 0.4]])
    # Cosines 0.6 and 0.8 with the text; with the neutral texts 0.4 and 0 at most, 0 and 0.9.
    expected = 1 / (1 + np.exp(-10 * np.array([0.6 - 0.4, 0.8 - 0.9])))
    assert relevancy(images, text, neutral) == pytest.approx(expected)
