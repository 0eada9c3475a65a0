def write_report(summary, folder): pass
