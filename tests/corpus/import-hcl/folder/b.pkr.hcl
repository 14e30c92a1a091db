variable "region" {}
variable "source_ami" { default = "" }

data "amazon-ami" "al2" {
  filters     = { name = "amzn2-ami-hvm-*" }
  owners      = ["137112412989"]
  most_recent = true
}

data "amazon-secretsmanager" "db" {
  name = "shop/db"
  key  = "password"
}

data "http" "ip" {
  url = "https://example.com/ip"
}

build {
  sources = ["amazon-ebs.base", "googlecompute.base"]

  provisioner "shell" {
    inline = ["echo ${data.http.ip.body} > /tmp/ip", "echo ${data.amazon-secretsmanager.db.value} | login"]
  }

  provisioner "shell" {
    only   = ["amazon-ebs.base"]
    inline = ["echo from ${data.amazon-ami.al2.name}"]
  }

  hcp_packer_registry {
    bucket_name = "base"
  }
}
