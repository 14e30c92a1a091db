# Shapes that few templates have.

variables {
  project = "shop" # as the bill has it
  ports   = [80, 443]
}

variable "zones" {
  type    = set(string)
  default = ["c", "a", "c"]
}

variable "services" {
  type = map(object({
    port  = number
    extra = optional(map(string))
  }))
  default = {
    web = { port = 80 }
    db  = { port = 5432, extra = { b = "2", a = "1" } }
  }
}

variable "token" {
  default   = "none"
  sensitive = true
}

local "pass" {
  expression = "${var.project}-secret"
  sensitive  = true
}

locals {
  upper_token = upper(var.token)
  by_port     = { for name, service in var.services : (service.port > 1000 ? "high" : "low") => name... }
  keys        = flatten([for name, service in var.services : [for i in range(2) : "${name}-${i}" if service.port < 1000]])
  zones       = join(" ", [for zone in var.zones : upper(zone)])
  script      = <<-EOT
    for z in $${ZONES}; do
      %{~ for i, zone in ["x", "y"] ~}
      echo ${i}-${zone}
      %{~ endfor ~}
    done
  EOT
  nets        = cidrsubnets("10.0.0.0/16", 8, 8)
  half        = length(var.ports) / 4
  first       = try(var.services["none"].port, element(var.ports, 3))
  later       = timeadd("2020-01-01T00:00:00Z", "36h")
}

source "null" "one" {
  communicator = "none"
}

build {
  name = "left"

  source "null.one" {
    name = "plain"
  }

  source "null.one" {
    name = "second"
  }

  provisioner "shell-local" {
    inline           = [local.script, templatefile("${path.root}/motd.tpl", { name = var.project, ports = var.ports })]
    environment_vars = ["T=${local.upper_token}", "P=${local.pass}"]
  }

  provisioner "shell-local" {
    except = ["null.second"]
    inline = concat(local.keys, [jsonencode(local.by_port), "${local.half} ${local.first} ${local.later}"], local.nets)
  }

  provisioner "shell-local" {
    only   = ["null.second"]
    inline = ["echo ${local.zones}", file("check.sh"), format("%05.1f|%-4s|%+d", 2.25, "a", 3)]
  }

  post-processor "manifest" {
    only   = ["null.plain"]
    output = "plain.json"
  }
}

build {
  name    = "right"
  sources = ["source.null.one"]

  provisioner "shell-local" {
    inline = ["echo ${build.name}"]
  }
}
