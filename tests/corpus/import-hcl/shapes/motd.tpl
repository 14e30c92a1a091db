Welcome to ${upper(name)}.
%{ for port in ports ~}
  open: ${port}
%{ endfor ~}
%{ if length(ports) > 2 }many%{ else }few%{ endif }
