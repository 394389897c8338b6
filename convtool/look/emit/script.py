"""Print a run as a program in Python, with its layer in PyTorch or in ONNX."""

from collections.abc import Sequence

import torch

from convtool.look.emit.files import file_lines
from convtool.look.emit.given import Emitted, Given
from convtool.look.emit.mapping import fold_lines, mapping_lines
from convtool.look.report.literals import listed
from convtool.look.report.padding import padding_lines
from convtool.look.report.pytorch import MOST, of_one_group, pytorch_code
from convtool.padding import text_of

OPSET = 19  # the first whose Pad wraps
IR = 9
PADS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pytorch(given: Given) -> Emitted:
    """Return the program in PyTorch.

    Raises:
        UsageError: it cannot be written in a few lines.
    """
    lines = pytorch_code(given.layer, given.options, given.part.rate).splitlines()
    for line in lines:
        if "too many to list" in line:
            raise _too_many(given)
        if "NotImplementedError" in line:
            raise given.refusal("banks of a chain are combined in several ways")
    code = [line for line in lines if not line.startswith(("#", "import torch", "from "))]
    single = given.layer.conv.weight.dtype == torch.float32
    run = [f"x = torch.from_numpy(x){'' if single else '.double()'}"]
    if given.layer.pads is not None and not given.layer.before:
        run += padding_lines(given.layer)
    name = "chain" if given.layer.before else "layer"
    run += ["with torch.no_grad():", f"    y = {name}(x).numpy()"]
    folds = [] if given.layer.before else fold_lines(given.layer)  # a chain has its own
    return _program(given, ["import torch", "from torch import nn"], [*code, "", *run, *folds])


def onnx(given: Given) -> Emitted:
    """Return the program that makes an ONNX model and runs it.

    Raises:
        UsageError: it cannot be written in a few lines.
    """
    conv, layer = given.layer.conv, given.layer
    given.refuse_chain()
    if conv.weight.dtype != torch.float32:
        raise given.refusal(
            f"the layer is of {conv.weight.dtype}, and onnxruntime has float32 only"
        )
    if text_of(layer.modes) not in PADS:
        raise given.refusal(f"the node made for ONNX does not pad by {text_of(layer.modes)}")
    weight, repeats = of_one_group(conv.weight.detach(), conv.groups)
    if weight.numel() > MOST:
        raise _too_many(given)
    ends = list(layer.ends)
    pads = [before for before, _ in ends] + [after for _, after in ends]
    around = [0, 0, *pads[: len(ends)], 0, 0, *pads[len(ends) :]]
    shape = [conv.out_channels, *conv.weight.shape[1:]]
    numbers = f"np.array({listed(weight)}, np.float32)"
    if repeats > 1:
        numbers += f".repeat({repeats}, 0)" if len(weight) == 1 else ""
        numbers = numbers if len(weight) == 1 else f"np.concatenate([{numbers}] * {repeats})"
    arrays = {"weight": numbers}
    if conv.bias is not None:
        arrays["bias"] = f"np.array({listed(conv.bias.detach())}, np.float32)"
    padding = conv.padding_mode != "zeros" and any(pads)
    if padding:
        arrays["pads"] = f"np.array({around}, np.int64)"
    inner = [0] * len(pads) if padding else pads
    settings = (
        f"pads={inner}, strides={list(conv.stride)}, dilations={list(conv.dilation)}, "
        f"group={conv.groups}"
    )
    inputs = ["padded" if padding else "x", *(name for name in arrays if name != "pads")]
    nodes = [f"    helper.make_node('Conv', {inputs}, ['y'], {settings}),"]
    if padding:
        mode = PADS[conv.padding_mode]
        nodes.insert(0, f"    helper.make_node('Pad', ['x', 'pads'], ['padded'], mode={mode!r}),")
    file = f"{given.output}.onnx"
    axes = ["n", conv.in_channels, *(f"s{axis}" for axis in range(len(ends)))]
    made = ["n", conv.out_channels, *(f"t{axis}" for axis in range(len(ends)))]
    code = [
        f"# {conv}: weights of shape {tuple(shape)}",
        "arrays = {",
        *(f"    {name!r}: {text}," for name, text in arrays.items()),
        "}",
        "nodes = [",
        *nodes,
        "]",
        f"x_info = helper.make_tensor_value_info('x', TensorProto.FLOAT, {axes})",
        f"y_info = helper.make_tensor_value_info('y', TensorProto.FLOAT, {made})",
        "initial = [numpy_helper.from_array(each, name) for name, each in arrays.items()]",
        "graph = helper.make_graph(nodes, 'convtool', [x_info], [y_info], initial)",
        f"opset = helper.make_opsetid('', {OPSET})",
        f"model = helper.make_model(graph, opset_imports=[opset], ir_version={IR})",
        f"onnx.save(model, {file!r})",
        "",
        f"session = onnxruntime.InferenceSession({file!r})",
        "(y,) = session.run(None, {'x': x})",
        *fold_lines(layer),
    ]
    imports = [
        "import onnx",
        "import onnxruntime",
        "from onnx import TensorProto, helper, numpy_helper",
    ]
    return _program(given, imports, code)


def _program(given: Given, imports: Sequence[str], code: Sequence[str]) -> Emitted:
    more, read, write = file_lines(given)
    ordered = sorted([*imports, *more], key=lambda line: (line.startswith("from"), line))
    blocks = [ordered, read, [*code, *mapping_lines(given)], write]
    text = "\n\n".join("\n".join(block).strip("\n") for block in blocks)
    return Emitted(text, given.notes)


def _too_many(given: Given) -> Exception:
    count = given.layer.conv.weight.numel()
    return given.refusal(
        f"{count} weights are too many to print",
        "`convtool kernels convert KERNEL FILE.pt` writes them",
    )
