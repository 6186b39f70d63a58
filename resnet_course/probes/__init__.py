"""Looking inside a network: responses, gradients, lesions, grafts, loss, linear probes, costs.

All take any nn.Module and leave no trace: hooks are gone, weights, buffers and modes are as they
were, also after an exception. A "block" is a module with a branch `residual` or a `shortcut`
(ours), or a `downsample` (torchvision's).
"""

from .counting import Cost, catalogue, cost
from .gradients import coherence, gradient_autocorrelation, weight_gradients
from .grafts import fit_batch_norms, grow, insert_identity_blocks
from .hooks import capture_outputs, hooked, preserve_state, with_batch_statistics
from .landscape import (
    STATISTICS,
    BatchNormStatistics,
    batch_loss,
    displaced,
    random_direction,
    sharpness,
    surface,
)
from .lesions import lesion, reordered
from .linear import linear_probe, pooled
from .parts import blocks, main_path
from .responses import block_outputs, branch_ratios, layer_responses

__all__ = [
    "STATISTICS",
    "BatchNormStatistics",
    "Cost",
    "batch_loss",
    "block_outputs",
    "blocks",
    "branch_ratios",
    "capture_outputs",
    "catalogue",
    "coherence",
    "cost",
    "displaced",
    "fit_batch_norms",
    "gradient_autocorrelation",
    "grow",
    "hooked",
    "insert_identity_blocks",
    "layer_responses",
    "lesion",
    "linear_probe",
    "main_path",
    "pooled",
    "preserve_state",
    "random_direction",
    "reordered",
    "sharpness",
    "surface",
    "weight_gradients",
    "with_batch_statistics",
]
