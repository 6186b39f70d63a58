"""The data module feeds any Lightning module with what the course's own training sees."""

import lightning.pytorch as pl
import pytest
import torch
from torch import nn

from resnet_course.data import augment, images
from resnet_course.data.module import CIFAR10

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:lightning", "ignore::FutureWarning:lightning")


class Linear(pl.LightningModule):
    """The smallest ordinary Lightning module; remembers the labels it met."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3 * 16 * 16, 10)
        self.seen, self.validated, self.tested = [], 0, 0

    def loss(self, batch):
        pixels, labels = batch
        return nn.functional.cross_entropy(self.head(pixels.flatten(1)), labels)

    def training_step(self, batch, _index):
        self.seen.append(batch[1])
        return self.loss(batch)

    def validation_step(self, batch, _index):
        self.validated += len(batch[1])

    def test_step(self, batch):
        self.tested += len(batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


def trainer(**options) -> pl.Trainer:
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    return pl.Trainer(accelerator="cpu", devices=1, num_sanity_val_steps=0, **quiet, **options)


@pytest.fixture
def data() -> CIFAR10:
    module = CIFAR10("embedded", batch_size=1000, holdout=500, seed=3)
    module.setup()
    return module


def labels_of_epoch(data: CIFAR10, epoch: int) -> list[torch.Tensor]:
    plan = augment.draw_plan(7500, 1000, 2, seed=3, epoch=epoch)
    return [data.train.labels[rows] for rows in plan.order]


def test_an_ordinary_lightning_module_trains_to_max_steps():
    net = Linear()
    before = net.head.weight.detach().clone()
    fitter = trainer(max_steps=3)
    fitter.fit(net, CIFAR10("embedded"))
    assert fitter.global_step == 3
    assert not torch.equal(net.head.weight, before)


def test_a_trainer_sees_the_plans_of_successive_epochs(data):
    net = Linear()
    trainer(max_epochs=2).fit(net, data)
    expected = labels_of_epoch(data, 0) + labels_of_epoch(data, 1)
    assert all(torch.equal(a, b) for a, b in zip(net.seen, expected, strict=True))


def test_a_resumed_trainer_goes_on_with_the_next_epochs_plan(data, tmp_path):
    first, net = trainer(max_epochs=1), Linear()
    first.fit(Linear(), data)
    first.save_checkpoint(tmp_path / "state.ckpt")
    again = CIFAR10("embedded", batch_size=1000, holdout=500, seed=3)
    trainer(max_epochs=2).fit(net, again, ckpt_path=tmp_path / "state.ckpt", weights_only=True)
    assert all(torch.equal(a, b) for a, b in zip(net.seen, labels_of_epoch(data, 1), strict=True))


def test_without_a_trainer_each_loop_is_a_new_epoch(data):
    loader = data.train_dataloader()
    first, second = ([labels for _, labels in loader] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, labels_of_epoch(data, 0), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(second, labels_of_epoch(data, 1), strict=True))


def test_training_batches_are_what_take_makes_of_the_plan(data):
    plan = augment.draw_plan(7500, 1000, 2, seed=3, epoch=0)
    rows = [row[0] for row in plan]
    pixels, labels = next(iter(data.train_dataloader()))
    assert torch.equal(pixels, augment.take(data.train.pixels, *rows, pad=2))
    assert torch.equal(labels, data.train.labels[rows[0]])


def test_training_batches_are_float32_and_channels_last(data):
    pixels, _ = next(iter(data.train_dataloader()))
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_the_length_of_a_loader_is_its_number_of_batches(data):
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        assert len(loader) == sum(1 for _ in loader)


def test_test_batches_are_all_test_images_in_order_and_not_augmented(data):
    test = images.load("embedded", "test")
    pixels, labels = (torch.cat(parts) for parts in zip(*data.test_dataloader(), strict=True))
    assert torch.equal(pixels, augment.normalise(test.pixels))
    assert torch.equal(labels, test.labels)


def test_validation_batches_are_the_images_held_out(data):
    _, held = images.holdout(images.load("embedded", "train"), 500)
    pixels, labels = (torch.cat(parts) for parts in zip(*data.val_dataloader(), strict=True))
    assert torch.equal(pixels, augment.normalise(held.pixels))
    assert torch.equal(labels, held.labels)


def test_the_trainer_validates_on_the_images_held_out(data):
    net = Linear()
    trainer(max_epochs=1).fit(net, data)
    assert net.validated == 500


def test_without_a_holdout_there_is_nothing_to_validate_on():
    net = Linear()
    trainer(max_epochs=1).fit(net, CIFAR10("embedded", batch_size=4000))
    assert net.validated == 0


def test_the_trainer_tests_on_all_test_images():
    net = Linear()
    trainer().test(net, CIFAR10("embedded"), verbose=False)
    assert net.tested == 2000


def test_an_unknown_data_set_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="one of cifar10, embedded"):
        CIFAR10("cifar100").setup()
