package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

const megabyte = 1 << 20

// What the process may use of the machine's memory when nothing is said: a quarter for the warehouse's engine, half for Go; the rest is for the page
// cache, the store and the binary.
const (
	leastMemory        = 512 * megabyte
	mostWarehouse      = 4 << 30
	leastConfigurable  = 128 * megabyte
	warehouseShare     = 4
	goShare            = 2
	memoryWhereUnknown = 4 << 30
)

// memorySetting is an amount of memory: 512MB, 2GB; "" or 0 is the default.
func memorySetting(name, usage string, field func(*Config) *int64, effective func(Config) int64) setting {
	return setting{
		name: name, usage: usage,
		get: func(c *Config) string {
			n := effective(*c)
			if n == 0 {
				return ""
			}
			return fmt.Sprintf("%dMB", n/megabyte)
		},
		set: func(c *Config, v string) error {
			if v == "" || v == "0" {
				*field(c) = 0
				return nil
			}
			digits, unit := v, int64(0)
			for suffix, n := range map[string]int64{"MB": megabyte, "GB": 1 << 30} {
				if rest, ok := strings.CutSuffix(strings.ToUpper(v), suffix); ok {
					digits, unit = strings.TrimSpace(rest), n
				}
			}
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil || unit == 0 || n > 1<<24 || n*unit < leastConfigurable {
				return fmt.Errorf("%q is not an amount of memory like 512MB or 2GB, at least 128MB", v)
			}
			*field(c) = n * unit
			return nil
		},
	}
}

// WarehouseBytes is how much memory the warehouse's own engine may use: what is set, or a quarter of what there is, from 512 MB to 4 GB.
func (c Config) WarehouseBytes() int64 {
	if c.WarehouseMemory != 0 {
		return c.WarehouseMemory
	}
	return min(max(memoryThere(os.DirFS("/"))/warehouseShare, leastMemory), mostWarehouse)
}

// GoBytes is the soft limit of the memory of Go: what is set, or half of what there is, at least 512 MB; 0 where GOMEMLIMIT says it.
func (c Config) GoBytes() int64 {
	switch {
	case c.Memory != 0:
		return c.Memory
	case os.Getenv("GOMEMLIMIT") != "":
		return 0
	}
	return max(memoryThere(os.DirFS("/"))/goShare, leastMemory)
}

// memoryThere is how many bytes of memory the process may have: the machine's, or less where a control group bounds it.
func memoryThere(root fs.FS) int64 {
	there := int64(memoryWhereUnknown)
	if text, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if len(words) >= 2 && words[0] == "MemTotal:" {
				if n, err := strconv.ParseInt(words[1], 10, 64); err == nil && n > 0 {
					there = n * 1024
				}
			}
		}
	}
	bound := func(file string) {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return // no such group, or no bounds
		}
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 {
			there = min(there, n)
		}
	}
	own, group := "", "/" // of version 2; a container sees its own as the root
	if text, err := fs.ReadFile(root, "proc/self/cgroup"); err == nil {
		for line := range strings.Lines(string(text)) {
			parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
			if len(parts) == 3 && parts[0] == "0" {
				group = path.Clean("/" + parts[2])
			}
			if len(parts) == 3 && parts[1] == "memory" {
				own = path.Clean("/" + parts[2])
			}
		}
	}
	for ; ; group = path.Dir(group) {
		bound(path.Join("sys/fs/cgroup", group, "memory.max"))
		if group == "/" {
			break
		}
	}
	for _, of := range []string{own, ""} { // version 1
		bound(path.Join("sys/fs/cgroup/memory", of, "memory.limit_in_bytes"))
	}
	return there
}
