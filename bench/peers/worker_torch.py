"""PyTorch, whose convolutions are those of a oneDNN of its own: eager calls, with weights packed in "torch_packed"."""
import re

import numpy as np
import torch

from worker import Peer, Skip, serve, to_first, to_last

conv2d, backward = torch.nn.functional.conv2d, torch.ops.aten.convolution_backward


def image(a, first):
    t = torch.from_numpy(to_first(a))
    return t if first else t.contiguous(memory_format=torch.channels_last)


def even_pads(job):
    """PyTorch pads both sides alike: where "same" does not, the same work on a picture that lies otherwise."""
    top, bottom, left, right = job.pads
    if top == bottom and left == right:
        return (top, left), None
    return (bottom, right), (bottom, bottom, right, right)


class Torch(Peer):
    version = "PyTorch %s, oneDNN %s" % (torch.__version__, re.search("MKL-DNN v([0-9.]+)", torch.__config__.show())[1])

    def __init__(self, name, threads):
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.packed = name == "torch_packed"

    def prepare(self, job):
        if self.packed and (job.dtype != "float32" or job.op not in ("forward", "pointwise", "call")):
            raise Skip("packs no such weights")
        return getattr(self, job.op)(job)

    def convolve(self, job, stride, pad, dilation, groups, pads=None):
        x, w = image(job.x, job.first), torch.from_numpy(job.oihw())
        if self.packed:
            w = torch.ops.mkldnn._reorder_convolution_weight(w, pad, stride, dilation, groups, list(x.shape))
            run = torch.ops.mkldnn._convolution_pointwise.default

            def call():
                return run(x, w, None, pad, stride, dilation, groups, "none", [], "")
        else:
            w = w.contiguous(memory_format=torch.contiguous_format if job.first else torch.channels_last)

            def call():
                with torch.inference_mode():
                    return conv2d(x, w, None, stride, pad, dilation, groups)
        return call, lambda y: to_last(y.numpy()), pads

    def forward(self, job):
        pad, pads = even_pads(job)
        return self.convolve(job, (job.sh, job.sw), pad, (job.d, job.d), job.groups, pads)

    call = forward

    def pointwise(self, job):
        return self.convolve(job, (1, 1), (0, 0), (1, 1), 1)

    def gradient(self, job, mask):
        pad, pads = even_pads(job)
        x, w, g = image(job.x, job.first), torch.from_numpy(job.oihw()), image(job.g, job.first)
        which = mask.index(True)

        def call():
            return backward(g, x, w, None, (job.sh, job.sw), pad, (job.d, job.d), False, (0, 0), job.groups, mask)[which]
        return call, pads

    def grad_x(self, job):
        call, pads = self.gradient(job, (True, False, False))
        return call, lambda y: to_last(y.numpy()), pads

    def grad_kernel(self, job):
        call, pads = self.gradient(job, (False, True, False))
        return call, lambda y: y.numpy().transpose(2, 3, 1, 0), pads

    def matmul(self, job):
        a, b = torch.from_numpy(job.x), torch.from_numpy(job.kernel)
        a, b = a.t() if "a" in job.turn else a, b.t() if "b" in job.turn else b
        c = torch.ones(a.shape[0], b.shape[1])
        return lambda: torch.mm(a, b, out=c), lambda y: y.numpy()

    def nn(self, job):
        """Pools and resizing write into a tensor that is made for each call, as PyTorch has it."""
        f, x = job.f, image(job.x, False)
        w = torch.from_numpy(job.kernel) if hasattr(job, "kernel") else None
        y = torch.ones_like(x)
        back = torch.ops.aten.native_batch_norm_backward
        if f in ("max_pool", "average_pool"):
            pad, pads = even_pads(job)
            pool = torch.nn.functional.max_pool2d
            if f == "average_pool":
                def pool(x, k, s, pad):
                    return torch.nn.functional.avg_pool2d(x, k, s, pad, count_include_pad=False)
            return lambda: pool(x, job.k, job.s, pad), lambda y: to_last(y.numpy()), pads
        if f in ("nearest", "bilinear"):
            how = dict(mode=f, **(dict(align_corners=False) if f == "bilinear" else {}))
            return (lambda: torch.nn.functional.interpolate(x, scale_factor=job.s, **how)), lambda y: to_last(y.numpy())
        if f == "softmax":
            x = torch.from_numpy(job.x)
            y = torch.ones(x.shape)
            return lambda: torch.softmax(x, -1, out=y), lambda y: y.numpy()
        if f == "bias_relu":
            x = torch.from_numpy(job.x)
            y = torch.ones(x.shape)
            return lambda: torch.add(x, w, out=y).clamp_(min=0), lambda y: y.numpy()
        if f == "norm_inference":
            return lambda: torch.nn.functional.batch_norm(x, w, w.abs(), w, w, False, 0, 1e-3), lambda y: to_last(y.numpy())
        if f == "norm":
            return (lambda: torch.nn.functional.batch_norm(x, None, None, w, w, True, 0, 1e-3)), lambda y: to_last(y.numpy())
        g = image(job.g, False)
        _, mean, inverse = torch.native_batch_norm(x, w, w, None, None, True, 0, 1e-3)
        return (lambda: back(g, x, w, None, None, mean, inverse, True, 1e-3, (True, True, True))[0],
                lambda y: to_last(y.numpy()))

    def layout(self, job):
        v = torch.from_numpy(job.x).permute(*((0, 3, 1, 2) if job.to == "first" else (0, 2, 3, 1)))
        y = torch.ones(v.shape)
        return lambda: y.copy_(v), lambda y: np.asarray(y)

    def elementwise(self, job):
        x, y = torch.from_numpy(job.x), torch.ones(job.x.shape)
        if job.f == "copy":
            return lambda: y.copy_(x), lambda y: y.numpy()
        if job.f in ("add", "add_bias"):
            b = torch.from_numpy(job.kernel)
            return lambda: torch.add(x, b, out=y), lambda y: y.numpy()
        if job.f == "relu":
            return lambda: torch.clamp(x, min=0, out=y), lambda y: y.numpy()
        f = getattr(torch, job.f)
        return lambda: f(x, out=y), lambda y: y.numpy()

    def reduce(self, job):
        x, axes = torch.from_numpy(job.x), dict(all=(0, 1), row=1, column=0)[job.of]
        f = dict(sum=torch.sum, max=torch.amax)[job.f]
        y = f(x, axes, keepdim=True)
        return lambda: f(x, axes, keepdim=True, out=y), lambda y: y.numpy()


serve(dict(torch=Torch, torch_packed=Torch))
