"""The frame that all networks of the course share."""

from torch import Tensor, nn


class Network(nn.Module):
    """Stem, stages of blocks, global average pool, linear head."""

    stages: nn.Sequential
    head: nn.Linear

    def __init__(self, stem: nn.Module, stages: nn.Sequential, head: nn.Linear):
        super().__init__()
        self.stem, self.stages, self.head = stem, stages, head
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")  # He init, fan-in
        nn.init.zeros_(head.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)  # CIFAR: (N, 3, 32, 32) -> (N, 16, 32, 32)
        x = self.stages(x)  # -> (N, 64, 8, 8)
        return self.head(x.mean((2, 3)))  # global average pool -> (N, classes)
