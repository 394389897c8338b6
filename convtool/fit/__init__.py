"""Find the kernel that turns one file into another, by least squares. It writes no file.

fit         the two passes: sums, then residuals; what was found
model       which weights are looked for: sizes, groups, ties
pairs       two files, read in step
sums        the normal equations, added up block by block
solve       weights from sums: regularized, tied, non-negative, and how well each is known
words       what the data does not tell, for people
text        the result as a kernel file
"""
