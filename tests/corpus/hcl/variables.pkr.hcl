packer {
  required_version = ">= 1.7.0"

  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.8"
    }
  }
}

variable "size" {
  type        = string
  description = "Size of the instance."
  default     = "m3.medium"
}

variable "accounts" {
  type = list(string)

  description = <<-EOT
    Accounts that may use the image.

    Their numbers.
  EOT
}

variable "extra" {
  type    = list(string)
  default = ["123456789012", "210987654321"]
}

variable "codes" {
  type    = list(number)
  default = [0, 2]
}

variable "others" {
  type    = string
  default = env("OTHERS")
}

variable "home" {
  type    = string
  default = env("HOME")
}

variable "port" {
  type    = number
  default = 22
}

variable "public" {
  type    = bool
  default = true
}

variable "made" {
  type    = string
  default = "{{timestamp}}"
}

variable "label" {
  type    = string
  default = null
}

variable "token" {
  type      = string
  sensitive = true
}

variable "setup" {
  type        = string
  description = "Where the script is."
  default     = "tests/corpus/hcl/lib/scripts/one.sh"
}

locals {
  others = compact(split(",", var.others))
  label  = var.label == null ? "${var.made}-${var.home}" : var.label
}

source "amazon-ebs" "web" {
  region                      = "us-east-1"
  source_ami                  = "ami-d05e75b8"
  instance_type               = var.size
  ssh_username                = "ubuntu"
  ssh_port                    = var.port
  associate_public_ip_address = var.public
  ami_name                    = "web ${local.label}"
  ami_users                   = var.accounts
  snapshot_users              = var.extra
  ami_product_codes           = local.others
  tags = {
    Made  = var.made
    Port  = var.port
    Token = "{{${jsonencode(var.token)} | upper}}"
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    script           = var.setup
    valid_exit_codes = var.codes
    environment_vars = ["TOKEN=${var.token}"]
  }
}
