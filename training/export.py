"""A trained checkpoint → rag/judging/reader.onnx, its matrices in 8 bits.

python -m training.export CHECKPOINT.pt rag/judging/reader.onnx
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rag.search.e5 import DIMENSIONS, _Graph
from training.model import HEADS

INNER = 4 * DIMENSIONS
"""Width of a layer between its last two matrices."""


def network(state: dict[str, torch.Tensor], epsilon: float) -> Any:
    """Words (B, T, 384), mask (B, T), segment (B, T), pool (B, S, T) → marks (B, S), whole (B,)."""
    from onnx import TensorProto, helper

    weights = {name: tensor.float().numpy() for name, tensor in state.items()}
    graph = _Graph()

    def linear(x: str, name: str) -> str:
        return graph.linear(x, weights[f"{name}.weight"].T, weights[f"{name}.bias"])

    def normalise(x: str, name: str) -> str:
        return graph.normalise(x, weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    zero, first = graph.constant(np.array([0])), graph.constant(np.array([0]))
    one = graph.constant(np.array([1]))
    length = graph.add("Gather", graph.add("Shape", "words"), graph.constant(np.array([1])))
    position = graph.add("Slice", graph.constant(weights["encoder.position"]), zero, length, first)
    segment = graph.add("Gather", graph.constant(weights["segment.weight"]), "segment")
    x = normalise(graph.add("Add", graph.add("Add", "words", segment), position), "encoder.norm")
    hidden = graph.add("Mul", graph.add("Sub", "mask", graph.constant(np.array(1, np.float32))), graph.constant(np.array(1e4, np.float32)))
    hidden = graph.add("Unsqueeze", hidden, graph.constant(np.array([1, 2])))
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layers."))
    split, merge = graph.constant(np.array([0, 0, HEADS, DIMENSIONS // HEADS])), graph.constant(np.array([0, 0, DIMENSIONS]))
    scale = graph.constant(np.array((DIMENSIONS // HEADS) ** -0.5, np.float32))
    for i in range(layers):
        name = f"encoder.layers.{i}"
        parts = []
        for k, order in enumerate(([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])):
            rows = slice(k * DIMENSIONS, (k + 1) * DIMENSIONS)
            flat = graph.linear(x, weights[f"{name}.qkv.weight"][rows].T, weights[f"{name}.qkv.bias"][rows])
            parts.append(graph.add("Transpose", graph.add("Reshape", flat, split), perm=order))
        attention = graph.add("Add", graph.add("Mul", graph.add("MatMul", parts[0], parts[1]), scale), hidden)
        mixed = graph.add("MatMul", graph.add("Softmax", attention, axis=-1), parts[2])
        mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), merge)
        x = normalise(graph.add("Add", x, linear(mixed, f"{name}.ao")), f"{name}.aln")
        inner = linear(graph.add("Gelu", linear(x, f"{name}.fi")), f"{name}.fo")
        x = normalise(graph.add("Add", x, inner), f"{name}.oln")
    start = graph.add("Squeeze", graph.add("Slice", x, zero, one, one), one)
    means = graph.add("MatMul", "pool", x)
    spread = graph.add("Expand", graph.add("Unsqueeze", start, one), graph.add("Shape", means))
    both = graph.add("Concat", means, spread, axis=-1)
    marks = linear(graph.add("Tanh", linear(both, "sentence.0")), "sentence.2")
    whole = linear(graph.add("Tanh", linear(start, "window.0")), "window.2")
    last = graph.constant(np.array([-1]))
    graph.add("Squeeze", marks, last, output="marks")
    graph.add("Squeeze", whole, last, output="whole")
    inputs = [
        helper.make_tensor_value_info("words", TensorProto.FLOAT, ["B", "T", DIMENSIONS]),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["B", "T"]),
        helper.make_tensor_value_info("segment", TensorProto.INT64, ["B", "T"]),
        helper.make_tensor_value_info("pool", TensorProto.FLOAT, ["B", "S", "T"]),
    ]
    outputs = [
        helper.make_tensor_value_info("marks", TensorProto.FLOAT, ["B", "S"]),
        helper.make_tensor_value_info("whole", TensorProto.FLOAT, ["B"]),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "reader", inputs, outputs, graph.weights), opset_imports=[helper.make_opsetid("", 20)]
    )
    model.ir_version = 9
    return model


def export(state: dict[str, torch.Tensor], epsilon: float, target: Path) -> None:
    """Write the network, quantised a channel at a time and with its nodes fused.

    What goes into a layer's last matrix has a few very large values, under whose scale the small ones vanish: with it quantised like the
    others the marks are off by .21 (root mean square). So only its weights are kept in 8 bits, and it multiplies floats: .13. The range is
    reduced for processors without VNNI, whose sums of 8-bit products overflow.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        model = network(state, epsilon)
        shapes = {weight.name: tuple(weight.dims) for weight in model.graph.initializer}
        for position, node in enumerate(model.graph.node):
            node.name = f"node{position}"
        large = [node.name for node in model.graph.node if node.op_type == "MatMul" and shapes.get(node.input[1]) == (INNER, DIMENSIONS)]
        onnx.save(model, str(plain))
        quantize_dynamic(str(plain), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True, nodes_to_exclude=large)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(plain)
        onnxruntime.InferenceSession(str(small), options, providers=["CPUExecutionProvider"])
        model = onnx.load(str(plain))
        _shrink(model.graph, {node.input[1] for node in model.graph.node if node.name in large})
        onnx.save(model, str(target))


def _shrink(graph: Any, names: Collection[str]) -> None:
    """Keep matrices in 8 bits with a scale a column, made floats again when they are used."""
    from onnx import helper, numpy_helper

    for weight in [weight for weight in graph.initializer if weight.name in names]:
        values = numpy_helper.to_array(weight)
        scale = (np.abs(values).max(0) / 127).astype(np.float32)
        graph.initializer.remove(weight)
        parts = (f"{weight.name}_quantized", f"{weight.name}_scale", f"{weight.name}_zero_point")
        stored = (np.round(values / scale).astype(np.int8), scale, np.zeros(len(scale), np.int8))
        graph.initializer.extend(numpy_helper.from_array(part, name) for part, name in zip(stored, parts, strict=True))
        graph.node.insert(0, helper.make_node("DequantizeLinear", parts, [weight.name], axis=1))


def main() -> None:
    """Export the checkpoint that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    from training.model import Encoder

    export(torch.load(args.checkpoint)["model"], Encoder((0,)).norm.eps, args.target)
    print(args.target, args.target.stat().st_size)


if __name__ == "__main__":
    main()
