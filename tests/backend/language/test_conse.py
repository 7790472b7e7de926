"""The stand-in text-image model: that it is what its parts are, and that it means something."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.engine import Engine
from backend.errors import BadInput
from backend.language.crops import masked_crops
from backend.language.models import load_image_text_model
from backend.language.relevancy import NEUTRAL, encode_names, relevancy
from backend.masks.view_masks import ViewMasks

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
CONSE = DATA / "models" / "text_image_conse"
KITCHEN = DATA / "scenes" / "kitchen"
BULLDOZER = 1  # its label in the kitchen


@pytest.fixture(scope="module")
def conse():
    if not CONSE.is_dir():
        pytest.skip("the stand-in text-image model is not here")
    return load_image_text_model(str(CONSE))


def test_texts_lie_near_what_they_mean(conse):
    texts = ["a dog", "a puppy", "puppy", "a steam locomotive"]
    features = conse.encode_texts(texts)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    likeness = features @ features.T
    assert likeness[1, 2] > likeness[0, 1] > likeness[0, 3] + 0.3
    np.testing.assert_allclose(conse.encode_texts(texts[3:])[0], features[3], atol=1e-5)


def test_the_bulldozer_of_a_photograph_is_a_toy_truck_and_no_elephant(conse):
    if not KITCHEN.is_dir():
        pytest.skip("the kitchen photographs are not here")
    crops = []
    for file in sorted((KITCHEN / "masks").glob("*.png"))[:4]:
        labels = np.asarray(Image.open(file))
        masks = ViewMasks.pack((labels == BULLDOZER)[None], np.ones(1))
        (photograph,) = (KITCHEN / "images").glob(f"{file.stem}.*")
        image = np.asarray(Image.open(photograph).convert("RGB"))
        crops += masked_crops(image, masks, np.array([0]))
    words = ["toy truck", "tractor", "elephant", "teapot"]
    *texts, _, _, _, _ = features = encode_names(conse, [*words, *NEUTRAL])
    images = conse.encode_images(crops)
    scores = [relevancy(images, text, features[len(words) :]).mean() for text in texts]
    assert min(scores[:2]) > 0.6 and max(scores[2:]) < 0.5


def test_an_engine_that_has_it_sees_that_its_files_are_others_by_now(tmp_path):
    if not CONSE.is_dir():
        pytest.skip("the stand-in text-image model is not here")
    folder, engine = shutil.copytree(CONSE, tmp_path / "model"), Engine("cpu")
    model = engine.text_model(str(folder))
    assert engine.text_model(str(folder)) is model
    (folder / "imagenet1k_clean_names.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        engine.text_model(str(folder))


def test_a_damaged_file_is_said(tmp_path):
    if not CONSE.is_dir():
        pytest.skip("the stand-in text-image model is not here")
    for file in CONSE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:5_000])
    with pytest.raises(BadInput, match="cannot be read"):
        load_image_text_model(str(tmp_path))
