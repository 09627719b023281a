"""What a policy is worth, and how sure that is (floor 3): comparisons in pairs, intervals, nulls, evidence, reports.

An evaluation is handed its policies and its rules. Every difference carries an interval, every number says whether it
was fitted in or emerged, and what the data cannot support is refused in words.
"""
