"""The shipped reader.onnx → a checkpoint that training goes on from, its 8-bit matrices as floats again.

python -m training.resume rag/judging/reader.onnx RUN/start.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from training.model import Reader


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    """What ``training.export`` wrote into the file, under the names of ``training.model.Reader``."""
    import onnx
    from onnx import numpy_helper

    stored = {one.name: numpy_helper.to_array(one) for one in onnx.load(str(path)).graph.initializer}

    def matrix(name: str) -> np.ndarray:
        """(in, out), scaled back a column."""
        if name in stored:
            return stored[name]
        zero = stored[f"{name}_zero_point"].astype(np.float32)
        return (stored[f"{name}_quantized"].astype(np.float32) - zero) * stored[f"{name}_scale"]

    free = sorted({int(name[1:].partition("_")[0]) for name in stored if name[0] == "w" and name[1:].partition("_")[0].isdigit()})
    large = [k for k in free if matrix(f"w{k}").ndim == 2]  # export's order: position, segments, then each layer's
    position, segment, *rest = large
    found = {"encoder.position": matrix(f"w{position}"), "segment.weight": matrix(f"w{segment}")}
    found["encoder.norm.weight"], found["encoder.norm.bias"] = stored[f"w{segment + 1}"], stored[f"w{segment + 2}"]
    names = ["sentence.0", "sentence.2", "window.0", "window.2"]
    layers = (len(rest) - len(names)) // 6
    for i in range(layers):
        q, k, v, ao, fi, fo = rest[6 * i : 6 * i + 6]
        name = f"encoder.layers.{i}"
        found[f"{name}.qkv.weight"] = np.concatenate([matrix(f"w{x}").T for x in (q, k, v)])
        found[f"{name}.qkv.bias"] = np.concatenate([stored[f"w{x + 1}"] for x in (q, k, v)])
        for part, at in (("ao", ao), ("fi", fi), ("fo", fo)):
            found[f"{name}.{part}.weight"], found[f"{name}.{part}.bias"] = matrix(f"w{at}").T, stored[f"w{at + 1}"]
        for part, at in (("aln", ao + 2), ("oln", fo + 2)):
            found[f"{name}.{part}.weight"], found[f"{name}.{part}.bias"] = stored[f"w{at}"], stored[f"w{at + 1}"]
    for name, at in zip(names, rest[6 * layers :], strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = matrix(f"w{at}").T, stored[f"w{at + 1}"]
    return {name: torch.tensor(np.ascontiguousarray(value, dtype=np.float32)) for name, value in found.items()}


def main() -> None:
    """Write the checkpoint that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", type=Path)
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    reader = Reader()
    reader.load_state_dict(weights_of(args.reader))
    torch.save({"model": reader.state_dict()}, args.target)


if __name__ == "__main__":
    main()
