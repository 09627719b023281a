"""From a trained policy to something that runs anywhere (floor 4): one ONNX graph, its contract, its card, its runtime.

A bundle carries its own golden decisions and checks itself where it is loaded; it refuses what it cannot honour and
names the field.
"""
