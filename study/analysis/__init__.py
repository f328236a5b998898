"""What analyses of one model compute: beside the method, behind the comparison."""
