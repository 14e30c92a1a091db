# Sources of all images.

source "amazon-ebs" "base" {
  region        = var.region
  source_ami    = var.source_ami != "" ? var.source_ami : data.amazon-ami.al2.id
  instance_type = "t3.micro"
  ssh_username  = "ec2-user"
  ami_name      = "base-{{timestamp}}"
}

source "googlecompute" "base" {
  project_id   = "images"
  zone         = "europe-west1-b"
  ssh_username = "packer"
  labels       = { os = "al2" }
}

source "amazon-ebs" "left" {
  region = "eu-west-1"
}
