variable "names" {
  type    = list(string)
  default = ["a", "b", ""]
}

variable "env" {
  type    = map(string)
  default = { PORT = "80", HOST = "localhost" }
}

variable "stage" {
  default = "test"
  validation {
    condition     = contains(["test", "live"], var.stage)
    error_message = "There are two stages."
  }
}

variables {
  retries = 3
  debug   = false
}

local "kept" {
  expression = compact(var.names)
}

locals {
  live    = var.stage == "live"
  joined  = join(",", [for n in local.kept : upper(n)])
  pairs   = [for k, v in var.env : "${k}=${v}"]
  padded  = format("%s-%03d", var.stage, var.retries)
  nested  = { for k, v in var.env : lower(k) => { value = v, long = length(v) > 2 } }
  day     = formatdate("YYYY-MM-DD", timestamp())
  greeting = "%{ if local.live }live%{ else }test%{ endif } ${local.nested["port"].value}"
  ports   = distinct(concat([80, 443], [for n in range(2) : 8000 + n]))
  slug    = regex_replace("A b.c", "[^A-Za-z]+", "-")
  secret  = bcrypt("x")
}

source "null" "one" {
  communicator = "none"
}

source "null" "two" {
  communicator = "none"
}

build {
  sources = ["null.one", "source.null.two"]

  provisioner "shell-local" {
    environment_vars = local.pairs
    inline = concat(["echo ${local.joined} ${local.padded} ${local.greeting}"], [for p in local.ports : "echo ${p}"])
  }

  provisioner "shell-local" {
    except = ["null.two"]
    inline = local.live ? ["echo ${local.slug} ${local.day}"] : ["echo ${local.nested.host.value}", "echo ${var.debug}"]
  }

  provisioner "shell-local" {
    inline  = ["echo ${local.secret}"]
    tempfile_extension = ".sh"
  }

  provisioner "shell-local" {
    inline  = [templatefile("x.tpl", {})]
  }
}
