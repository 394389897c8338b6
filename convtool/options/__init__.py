"""Every option, declared once: name, default, help, bounds.

The command line makes its flags from these fields, `convtool.apply` its keywords, and
`docs/options.md` its tables. It must not import torch; whether an option fits an input is the
layer's business.

    declare   how an option is declared, how its text is read, what it needs to have an effect
    values · axes · numbers     the kinds of values, and how people write them
    kernel · layer · result · engine · reading · output · run     the groups
    options   the groups of one filter together
"""
