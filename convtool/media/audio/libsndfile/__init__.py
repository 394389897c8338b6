"""The formats that libsndfile reads and writes."""
