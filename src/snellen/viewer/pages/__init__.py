"""The pages of the viewer, one file each: what an address asks for, made into an answer."""
