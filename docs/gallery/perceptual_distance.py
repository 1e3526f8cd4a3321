"""
Perceptual distance on feature maps
===================================

Move an image by one pixel, and no eye sees it, while the squared error of pixels is large. A perceptual loss compares
not pixels but what a network sees in them: maps of features, of several layers. Here the features are those of a small
bank of filters, edges in four directions at three scales, which needs no trained network; with one, its maps go into
the same call.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

import fastloss as fl

image = ndimage.zoom(load_digits().images[:64].reshape(8, 8, 8, 8).swapaxes(1, 2).reshape(64, 64) / 16, 2, order=1)


def features(picture):
    """Maps of three layers, (1, 4, H, W) each: energies of edges in four directions, blurred and halved."""
    layers, current = [], picture
    for _ in range(3):
        by_y, by_x = ndimage.sobel(current, axis=0), ndimage.sobel(current, axis=1)
        directions = [np.cos(t) * by_x + np.sin(t) * by_y for t in np.pi * np.arange(4) / 4]
        layers.append(np.array([[ndimage.gaussian_filter(np.abs(d), 2) for d in directions]]))
        current = ndimage.gaussian_filter(current, 1)[::2, ::2]
    return layers


# %%
# Four distortions of the same squared error of pixels, each as strong as a shift by a pixel.

rng = np.random.default_rng(0)
shifted = np.roll(image, 1, axis=1)
budget = fl.squared_error(shifted, image, reduction="mean")


def of_budget(change):
    """Image and a change, as large as it may be."""
    return image + change * np.sqrt(budget / np.mean(change**2))


distorted = {
    "shift": shifted,
    "brighter": of_budget(np.ones_like(image)),
    "blur": of_budget(ndimage.gaussian_filter(image, 3) - image),
    "noise": of_budget(rng.normal(size=image.shape)),
}
figure, panels = plt.subplots(1, 5, figsize=(10, 2.7))
panels[0].imshow(image, cmap="gray", vmin=0, vmax=1)
panels[0].set_title("image")
seen = features(image)
for axes, (name, picture) in zip(panels[1:], distorted.items(), strict=True):
    distance = fl.feature_distance(features(picture), seen)[0]
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
    axes.set_title(f"{name}: {distance:.3f}")
    pixels = fl.squared_error(picture, image, reduction="mean")
    print(f"{name:9s} squared error of pixels {pixels:.4f}, distance of features {distance:.4f}")
for axes in panels:
    axes.axis("off")
plt.show()

# %%
# To the pixels all four are the same. To the features the brighter image is the same picture, the shifted one nearly,
# and the blurred one, which has lost its edges, is farthest away. The layers say at which scale: noise is fine, blur is
# not. ``layer_weights`` takes one at a time.

for name, picture in distorted.items():
    maps = features(picture)
    alone = [fl.feature_distance(maps, seen, layer_weights=w)[0] for w in np.eye(3)]
    print(f"{name:9s}", "  ".join(f"layer {layer}: {distance:.4f}" for layer, distance in enumerate(alone, 1)))

# %%
# J. Johnson, A. Alahi, L. Fei-Fei, "Perceptual losses for real-time style transfer and super-resolution", ECCV 2016. R.
# Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
# Metric", CVPR 2018.
