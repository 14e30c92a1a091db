#!/bin/sh -e
uptime
