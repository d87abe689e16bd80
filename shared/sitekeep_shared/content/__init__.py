"""What is inside the bodies: walking and rewriting them."""
