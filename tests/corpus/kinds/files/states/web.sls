nginx:
  pkg.installed
