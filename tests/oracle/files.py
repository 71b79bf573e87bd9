"""Makes tests/fixtures/files: .npy files as NumPy writes them, pictures as Pillow writes them, and what is in them.

    pip install numpy pillow
    python tests/oracle/files.py          # from the root of the repository

<name>.npy beside <name>.png or .jpg holds the samples (h,w,c) that reading it must give.
"""
import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path("tests/fixtures/files")
OUT.mkdir(parents=True, exist_ok=True)


def arrays():
    """0, 1, 2, ... in every dtype, byte order, memory order, rank and version."""
    for descr in ("<f4", ">f4", "<f8", ">f8", "<i4", ">i4", "<i8", ">i8", "|u1", "|b1"):
        name = descr.replace("<", "little_").replace(">", "big_").replace("|", "")
        np.save(OUT / ("order_%s.npy" % name), (np.arange(24) - (0 if "u" in descr or "b" in descr else 7)).reshape(2, 3, 4).astype(descr))
    for shape in ((), (0,), (5,), (2, 3), (2, 3, 4), (2, 1, 3, 2)):
        a = np.arange(int(np.prod(shape)), dtype="<i4").reshape(shape)
        name = "x".join(map(str, shape)) or "scalar"
        np.save(OUT / ("c_%s.npy" % name), a)
        if shape:
            np.save(OUT / ("fortran_%s.npy" % name), np.asfortranarray(a))
    with open(OUT / "version2.npy", "wb") as f:
        np.lib.format.write_array(f, np.arange(6, dtype="<f4").reshape(2, 3), version=(2, 0))
    for name, a in dict(f2=np.zeros(3, "<f2"), c8=np.zeros(3, "<c8"), u4=np.zeros(3, "<u4"), i2=np.zeros(3, "<i2"), text=np.array(["ab"]),
                        fields=np.zeros(2, [("a", "<i4"), ("b", "<f4")]), object=np.array([None]), time=np.zeros(2, "M8[ns]")).items():
        np.save(OUT / ("unsupported_%s.npy" % name), a, allow_pickle=True)


def pictures():
    h, w = 13, 22
    y, x = np.mgrid[0:h, 0:w]
    grey = ((x * 11 + y * 7) % 256).astype(np.uint8)
    rgb = np.stack([grey, 255 - grey, (x * y % 256).astype(np.uint8)], -1)
    rgba = np.concatenate([rgb, ((x + y) * 7 % 256).astype(np.uint8)[..., None]], -1)

    def keep(name, image, samples, **options):
        image.save(OUT / name, **options)
        np.save(OUT / (name.rsplit(".", 1)[0] + ".npy"), samples.astype(np.uint8))

    keep("grey.png", Image.fromarray(grey), grey[..., None])
    keep("rgb.png", Image.fromarray(rgb), rgb)
    keep("rgba.png", Image.fromarray(rgba), rgba)
    bits = grey > 100
    keep("bits.png", Image.fromarray(bits), bits[..., None] * 255)
    palette = Image.fromarray(rgb).quantize(16)
    keep("palette.png", palette, np.asarray(palette.convert("RGB")))
    transparent = Image.fromarray(grey).quantize(8)
    transparent.info["transparency"] = 3
    keep("palette_transparent.png", transparent, np.asarray(transparent.convert("RGBA")), transparency=3)
    wide = (grey.astype(np.uint16) * 257 + (x % 100).astype(np.uint16) * 2).clip(0, 65535).astype(np.uint16)
    keep("grey16.png", Image.fromarray(wide), np.floor(wide / 257.0 + 0.5)[..., None])  # libpng's scaling: v*255/65535, rounded
    la = Image.fromarray(rgba).convert("LA")
    keep("grey_alpha.png", la, np.asarray(la.convert("RGBA")))
    smooth = np.stack([x * 8, y * 15, 128 + x * 2 - y], -1).clip(0, 255).astype(np.uint8)
    for name, image, options in (("rgb", Image.fromarray(smooth), {}), ("grey", Image.fromarray(smooth[..., 0]), {}),
                                 ("progressive", Image.fromarray(smooth), dict(progressive=True))):
        path = OUT / ("jpeg_%s.jpg" % name)
        image.save(path, quality=90, subsampling=0, **options)
        samples = np.asarray(Image.open(path))
        np.save(OUT / ("jpeg_%s.npy" % name), samples if samples.ndim == 3 else samples[..., None])
    Image.fromarray(rgba).convert("CMYK").save(OUT / "cmyk.jpg")


arrays()
pictures()
print(sum(f.stat().st_size for f in OUT.iterdir()), "bytes")
