# What Packer 1.6 reads of HCL2 already.

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "sizes" {
  type    = map(string)
  default = { small = "t3.small", large = "m5.large" }
}

variable "extra_volumes" {
  type    = list(string)
  default = ["/dev/sdb", "/dev/sdc"]
}

locals {
  words = [for i, word in split(" ", "front back") : "${i}-${upper(word)}"]
  users = <<-EOT
    %{ for name in ["ann", "ben"] ~}
    useradd ${name}
    %{ endfor ~}
  EOT
}

source "amazon-ebs" "front" {
  region        = var.region
  source_ami    = "ami-0123456789abcdef0"
  instance_type = var.sizes["small"]
  ssh_username  = "admin"
  ssh_interface = "private_ip"
  ami_name      = "front-{{timestamp}}"

  dynamic "launch_block_device_mappings" {
    for_each = var.extra_volumes
    content {
      device_name = launch_block_device_mappings.value
      volume_size = 10 + launch_block_device_mappings.key
    }
  }

  tags = {
    Name  = "front"
    Words = join(",", local.words)
  }
}

source "amazon-ebs" "back" {
  region         = var.region
  source_ami     = "ami-0123456789abcdef0"
  instance_type  = lookup(var.sizes, "large", "m5.xlarge")
  ssh_username   = "admin"
  ssh_interface  = "public_dns"
  ami_name       = format("back-%s", "{{timestamp}}")
}

build {
  sources = ["source.amazon-ebs.front", "source.amazon-ebs.back"]

  provisioner "shell" {
    inline = [local.users, "echo ${length(local.words) > 1 ? "many" : "one"}"]
  }

  provisioner "shell" {
    only   = ["amazon-ebs.back"]
    inline = ["echo ${jsonencode({ b = 1, a = [true, "x"] })}"]
  }

  post-processor "manifest" {
    output = "built.json"
  }
}
