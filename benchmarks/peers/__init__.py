"""The peers, each a program that reads the raw topic, prints one line of JSON and ends; none knows Vedette."""
