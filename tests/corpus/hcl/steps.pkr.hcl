packer {
  required_version = ">= 1.7.0"

  required_plugins {
    # The plugin with `toy` has to be added here, or installed by hand.
  }
}

source "toy" "bear-1" {
  title = "Bear 1"
}

source "toy" "bear-2" {
  title = "Bear 2"
}

build {
  sources = ["source.toy.bear-1", "source.toy.bear-2"]

  provisioner "shell-local" {
    inline = [
      "echo $HOME $${HOME} 100% %%{x}",
      "echo \"\\n\" ${source.name} ${build.ID} {{${jsonencode(build.Host)} | upper}}",
      "echo {{isotime `2006`}} {{`a b`}} ${packer.version} ${abspath(path.root)}",
      "docker inspect -f '{{`{{`}}.State}}' {",
    ]
  }

  provisioner "shell" {
    only             = ["toy.bear-2"]
    inline           = ["true"]
    environment_vars = ["A=1", "TEXT=two\nlines\n"]
    pause_before     = "1m30s"
    max_retries      = 2
  }

  error-cleanup-provisioner "shell-local" {
    inline = ["echo cleanup"]
  }

  post-processors {
    post-processor "shell-local" {
      only   = ["toy.bear-1"]
      inline = ["echo one"]
    }

    post-processor "manifest" {
      only   = ["toy.bear-1"]
      output = "${source.name}.json"
      custom_data = {
        at = "{{timestamp}}"
      }
    }
  }

  post-processor "manifest" {
    keep_input_artifact = true
    name                = "last"
  }
}
