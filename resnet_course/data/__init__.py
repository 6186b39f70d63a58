"""CIFAR-10: where it comes from (sources), the images in memory (images), augmentation (augment), Lightning (module)."""
