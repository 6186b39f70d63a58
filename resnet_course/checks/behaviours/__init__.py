"""What is asked of many answers, each a function that self-checks and hidden tests share.

state      what a function is given, and what everybody shares, is as it was; also after an error
learning   gradients reach the input and every parameter, and are those of the function
twins      a module computes what a reference computes, by whatever layers, names and order
shapes     the same holds for other shapes, sizes, types, devices, and when asked again
"""
