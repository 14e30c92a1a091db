packer {
  required_version = ">= 1.7.0"

  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.8"
    }
  }
}

source "amazon-ebs" "web-22_04" {
  region = "us-east-1"

  source_ami_filter {
    filters = {
      name          = "ubuntu-*"
      "tag:Release" = "22.04"
    }
    owners      = ["self"]
    most_recent = true
  }

  instance_type = "m3.medium"
  ssh_username  = "ubuntu"
  ssh_timeout   = "1h30m"
  ami_name      = "web web-22.04"

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_size           = 8
    delete_on_termination = true
  }

  launch_block_device_mappings {
    device_name = "/dev/sdb"
    volume_size = 100
    volume_type = "gp2"
  }

  tags = {
    aws-like = "x"
    "for"    = "loop"
    "a b"    = "c"
  }

  tag {
    key   = "Name"
    value = "{{.SourceAMI}}"
  }

  temporary_iam_instance_profile_policy_document {
    Statement {
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["*"]
    }
  }

  user_data = <<-EOT
    #!/bin/sh
    for i in 1 2; do

        echo $${i} %%{a}
    done

  EOT
}

source "amazon-ebs" "web-24_04" {
  region = "us-east-1"

  source_ami_filter {
    filters = {
      name          = "ubuntu-*"
      "tag:Release" = "24.04"
    }
    owners      = ["self"]
    most_recent = true
  }

  instance_type = "m3.medium"
  ssh_username  = "ubuntu"
  ssh_timeout   = "1h30m"
  ami_name      = "web web-24.04"

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_size           = 8
    delete_on_termination = true
  }

  launch_block_device_mappings {
    device_name = "/dev/sdb"
    volume_size = 100
    volume_type = "gp2"
  }

  tags = {
    aws-like = "x"
    "for"    = "loop"
    "a b"    = "c"
  }

  tag {
    key   = "Name"
    value = "{{.SourceAMI}}"
  }

  temporary_iam_instance_profile_policy_document {
    Statement {
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["*"]
    }
  }

  user_data = <<-EOT
    #!/bin/sh
    for i in 1 2; do

        echo $${i} %%{a}
    done

  EOT
}

build {
  source "source.amazon-ebs.web-22_04" {
    name = "web-22.04"
  }

  source "source.amazon-ebs.web-24_04" {
    name = "web-24.04"
  }
}
