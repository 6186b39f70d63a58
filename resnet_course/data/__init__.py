"""CIFAR-10: where it comes from (sources), in memory (images), augmented (augment)."""
