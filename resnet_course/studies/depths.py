"""The depths at which the course looks at its networks, by tier."""

# Chapters that look inside trained networks share these.
INSIDE = {
    "live": (20,),
    "laptop": (20, 56, 110),
    "colab": (20, 56),
    "paper": (20, 56, 110),
}
TWINS = ("plain", "residual")  # alike in everything but the shortcuts
