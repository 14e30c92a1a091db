# Images of the shop. Run `packer build .` in this folder.

packer {
  required_version = ">= 1.8.0"
  required_plugins {
    amazon = {
      version = ">= 1.2.0"
      source  = "github.com/hashicorp/amazon"
    }
  }
}

variable "release" {
  type        = string
  description = "What is baked into the image."
  default     = "dev"
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "ami-users" {
  type    = list(string)
  default = ["111122223333"]
}

# Only the pipeline knows it.
variable "token" {
  type      = string
  sensitive = true
  default   = env("SHOP_TOKEN")
}

variable "swap_gb" {
  type    = number
  default = 0
}

variable "kms_key" {
  type    = string
  default = null
}

locals {
  stamp  = regex_replace(timestamp(), "[- TZ:]", "")
  region = var.region
  tags = {
    Team    = "shop" # who to ask
    Release = var.release
  }
  sizes = { small = "t3.small", large = "m5.large" }
}

data "amazon-ami" "ubuntu" {
  filters = {
    name                = "ubuntu/images/*ubuntu-jammy-22.04-amd64-server-*"
    virtualization-type = "hvm"
  }
  owners      = ["099720109477"]
  most_recent = true
  region      = var.region
}

source "amazon-ebs" "web" {
  region        = local.region
  source_ami    = data.amazon-ami.ubuntu.id
  instance_type = local.sizes["small"]
  ssh_username  = "ubuntu"
  ssh_timeout   = "5m"
  kms_key_id    = var.kms_key
  ami_users     = var.ami-users

  launch_block_device_mappings {
    device_name = "/dev/sda1"
    volume_size = 20
  }

  # Only for those that want it.
  dynamic "launch_block_device_mappings" {
    for_each = var.swap_gb > 0 ? [1] : []
    content {
      device_name = "/dev/sdb"
      volume_size = var.swap_gb
    }
  }

  tags = merge(local.tags, { Base = "{{ .SourceAMI }}" })

  dynamic "run_tag" {
    for_each = { Purpose = "build", Owner = "shop" }
    content {
      key   = run_tag.key
      value = upper(run_tag.value)
    }
  }
}

build {
  name        = "shop"
  description = "The web servers, plain and with a cache."

  source "amazon-ebs.web" {
    name     = "plain"
    ami_name = "shop-plain-${var.release}-${local.stamp}"
  }

  # The large one.
  source "amazon-ebs.web" {
    name          = "cache"
    ami_name      = "shop-cache-${var.release}-${local.stamp}"
    instance_type = local.sizes["large"]
  }

  provisioner "shell" {
    inline = ["cloud-init status --wait"]
  }

  provisioner "shell" {
    environment_vars = ["RELEASE=${var.release}", "TOKEN=${var.token}", "BUILD=${source.name}"]
    script           = "${path.root}/setup.sh"
    override = {
      cache = {
        script = "${path.root}/cache.sh"
      }
    }
  }

  provisioner "shell" {
    only         = ["amazon-ebs.cache"]
    pause_before = "10s"
    inline = [<<-EOF
      echo "warm up"
      curl -fsS localhost/warm?id=${build.ID}
    EOF
    ]
  }

  error-cleanup-provisioner "shell" {
    inline = ["journalctl -b"]
  }

  post-processor "manifest" {
    output = "built.json"
  }

  post-processors {
    post-processor "manifest" {
      output = "second.json"
      except = ["amazon-ebs.plain"]
    }
    post-processor "shell-local" {
      inline = ["echo ${var.release}"]
      except = ["amazon-ebs.plain"]
    }
  }
}
# The end.
