package clock

import (
	"strings"
	"sync"
	"time"
)

// zones are the zones that were asked for and exist, by name: reading one opens a file.
var zones sync.Map

// longestZone is how long a name may be; the longest of the IANA database has 30 letters.
const longestZone = 64

// Zone returns the time zone with an IANA name such as Asia/Shanghai; false when there is none. The names that Go knows
// beside them, "" and "Local", mean nothing on another machine and are refused. Zones are kept once read.
func Zone(name string) (*time.Location, bool) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), true
	}
	if name == "" || name == "Local" || len(name) > longestZone || strings.Trim(name, zoneLetters) != "" {
		return nil, false
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, z)
	return z, true
}

const zoneLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-"
