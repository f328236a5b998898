"""GLUE and SuperGLUE: the tasks, their metrics, and fine-tuning on them.

Files have the columns of the public data sets (``nyu-mll/glue``, ``aps/super_glue``);
the world's own files have them, too.
"""
