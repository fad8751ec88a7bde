"""What an hour of an actor looks like in numbers, and how rare such an hour is: features, training, scores."""
