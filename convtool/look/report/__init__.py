"""Write a page about a layer and what it did: one HTML file that needs no network.

    `names`     the names of pages
    `shown`     what a page is about
    `region`    the part of a result that a page holds exactly
    `run_data`  that part, the layer and the mapping, as the script reads them
    `sections`  the sections of the page: each a template, and facts in Python
    `scripts`   joins the modules of the script
    `page`      puts all of it into one file

The folders `templates/`, `styles/` and `scripts/` are what a browser sees. Pages compute windows,
products and sums themselves, from samples that the run read; stored results are those of the run.
"""
