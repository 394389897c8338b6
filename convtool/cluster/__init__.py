"""Filter the jobs of a run on a Ray cluster: the same jobs, results and outcomes as in threads.

    parcels     what is sent: names and options, outcomes; never samples
    groups      small inputs make a task together, so that scheduling is little of its time
    dispatch    sends groups, a bounded number at a time, again where workers die; knows no Ray
    entry       the function of every task; node: where it runs
    worker      runs a group in a process of the cluster, by the pipeline of every run
    tasks       groups as tasks of Ray
    session     connects to a cluster, or starts Ray on this machine; keeps it quiet
    engine      puts them together

Ray is imported by `session` alone, when a run asks for it.
"""
