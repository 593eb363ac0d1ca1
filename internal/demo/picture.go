package demo

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
)

// pictureSide is the width and height of a product's picture, in pixels; drawings are in units of a hundredth of it.
const pictureSide = 720

// far is how far a point is from a shape's edge, in hundredths of the picture; negative inside.
type far func(x, y float64) float64

// drawing is a picture that is being drawn.
type drawing struct{ img *image.RGBA }

// Picture draws what the demo brand sells, as a PNG: a flat drawing of its packing, in colours of its own. The same
// product has the same picture always.
func Picture(item Item) ([]byte, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(item.SKU))
	hue := float64(h.Sum32()%360) / 360
	d := drawing{image.NewRGBA(image.Rect(0, 0, pictureSide, pictureSide))}
	d.fill(func(float64, float64) float64 { return -1 }, tone(hue, 0.09, 0.97), 0, 0, 100, 100)
	d.fill(ellipse(50, 86, 34, 4), tone(hue, 0.13, 0.88), 10, 78, 90, 94) // what it stands on
	body, dark, light := tone(hue, 0.42, 0.76), tone(hue, 0.52, 0.52), tone(hue, 0.05, 1)
	switch item.Category {
	case "猫粮", "狗粮":
		d.bag(body, dark, light)
	case "猫零食", "狗零食":
		d.can(body, dark, light)
	case "猫砂":
		d.sack(body, dark, light)
	case "清洁护理":
		d.bottle(body, dark, light)
	default:
		d.toy(body, dark, light, item.For == "dog")
	}
	var out bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, d.img)
	return out.Bytes(), err
}

func (d drawing) bag(body, dark, light color.RGBA) {
	d.fill(box(50, 52, 25, 34, 4), body, 20, 14, 80, 90)
	d.fill(box(50, 21, 26, 4, 1.5), dark, 20, 14, 80, 28) // its seal
	d.fill(box(50, 55, 18, 20, 9), light, 28, 32, 72, 78)
	d.paw(50, 57, 1, dark)
}

func (d drawing) can(body, dark, light color.RGBA) {
	d.fill(union(box(50, 56, 28, 22, 1), ellipse(50, 78, 28, 7), ellipse(50, 34, 28, 7)), body, 18, 24, 82, 88)
	d.fill(ellipse(50, 34, 28, 7), dark, 18, 24, 82, 44)
	d.fill(ellipse(50, 33.4, 24, 5.2), light, 18, 24, 82, 44)
	d.fill(union(ellipse(50, 32.5, 5, 1.8), box(50, 29.5, 1.2, 3, 1)), dark, 40, 24, 60, 38) // its ring
	d.fill(ellipse(50, 60, 15, 13), light, 30, 44, 70, 76)
	d.paw(50, 61, 0.72, dark)
}

func (d drawing) sack(body, dark, light color.RGBA) {
	d.fill(func(x, y float64) float64 { // its handle
		return math.Abs(ellipse(50, 24, 11, 9)(x, y)) - 1.6
	}, dark, 34, 10, 66, 36)
	d.fill(box(50, 56, 30, 30, 6), body, 16, 22, 84, 90)
	d.fill(box(50, 68, 30, 9, 0), dark, 20, 58, 80, 78)
	for i := range 9 { // what is in it
		x := 27 + float64(i)*5.75
		d.fill(ellipse(x, 66+float64(i*7%5), 1.7, 1.4), light, x-3, 60, x+3, 76)
	}
	d.fill(ellipse(50, 44, 14, 12), light, 32, 30, 68, 58)
	d.paw(50, 45, 0.66, dark)
}

func (d drawing) bottle(body, dark, light color.RGBA) {
	d.fill(box(50, 22, 8, 6, 2), dark, 38, 14, 62, 32)
	d.fill(box(50, 32, 11, 6, 3), body, 36, 24, 64, 40)
	d.fill(box(50, 60, 20, 26, 8), body, 26, 30, 74, 90)
	d.fill(box(50, 62, 15, 15, 4), light, 32, 44, 68, 80)
	d.paw(50, 63, 0.7, dark)
}

func (d drawing) toy(body, dark, light color.RGBA, dog bool) {
	if dog { // a bone
		d.fill(union(capsule(36, 62, 64, 40, 7), ellipse(32, 58, 8, 8), ellipse(40, 67, 8, 8), ellipse(60, 35, 8, 8), ellipse(68, 44, 8, 8)), body, 18, 22, 82, 80)
		d.fill(capsule(40, 57, 58, 43.5, 1.4), light, 34, 38, 64, 62)
		return
	}
	d.fill(ellipse(50, 56, 26, 26), body, 20, 26, 80, 86) // a ball of wool
	for i := range 4 {
		r := 9 + float64(i)*5.5
		d.fill(func(x, y float64) float64 {
			return math.Max(math.Abs(math.Hypot(x-38, y-66)-r)-0.9, ellipse(50, 56, 26, 26)(x, y))
		}, light, 20, 26, 80, 86)
	}
	d.fill(capsule(70, 76, 90, 80, 1.2), dark, 66, 72, 94, 84) // its end
}

// paw draws a paw print about a point.
func (d drawing) paw(x, y, size float64, c color.RGBA) {
	d.fill(union(
		ellipse(x, y+3*size, 7*size, 5.6*size), ellipse(x-8*size, y-2*size, 2.7*size, 3.6*size), ellipse(x+8*size, y-2*size, 2.7*size, 3.6*size),
		ellipse(x-3.2*size, y-7*size, 2.7*size, 3.8*size), ellipse(x+3.2*size, y-7*size, 2.7*size, 3.8*size),
	), c, x-14*size, y-14*size, x+14*size, y+14*size)
}

// fill paints a shape that lies between two corners, its edge smooth.
func (d drawing) fill(shape far, c color.RGBA, x0, y0, x1, y1 float64) {
	const unit = pictureSide / 100.0
	at := func(v float64) int { return min(max(int(v*unit), 0), pictureSide) }
	for py := at(y0); py < at(y1); py++ {
		for px := at(x0); px < at(x1); px++ {
			cover := 0.5 - shape((float64(px)+0.5)/unit, (float64(py)+0.5)/unit)*unit
			if cover <= 0 {
				continue
			}
			under := d.img.RGBAAt(px, py)
			mix := func(a, b uint8) uint8 {
				k := min(cover, 1)
				return uint8(float64(a)*(1-k) + float64(b)*k + 0.5)
			}
			d.img.SetRGBA(px, py, color.RGBA{mix(under.R, c.R), mix(under.G, c.G), mix(under.B, c.B), 255})
		}
	}
}

// box is a rectangle about a point, half so wide and high, with round corners.
func box(x, y, w, h, r float64) far {
	return func(px, py float64) float64 {
		dx, dy := math.Abs(px-x)-w+r, math.Abs(py-y)-h+r
		return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - r
	}
}

func ellipse(x, y, w, h float64) far {
	return func(px, py float64) float64 {
		k := math.Hypot((px-x)/w, (py-y)/h)
		return (k - 1) * min(w, h)
	}
}

func capsule(x0, y0, x1, y1, r float64) far {
	return func(px, py float64) float64 {
		dx, dy := x1-x0, y1-y0
		t := min(max(((px-x0)*dx+(py-y0)*dy)/(dx*dx+dy*dy), 0), 1)
		return math.Hypot(px-x0-t*dx, py-y0-t*dy) - r
	}
}

func union(shapes ...far) far {
	return func(x, y float64) float64 {
		d := math.Inf(1)
		for _, s := range shapes {
			d = min(d, s(x, y))
		}
		return d
	}
}

// tone is a colour of a hue (0 to 1), so strong and so bright.
func tone(hue, strength, bright float64) color.RGBA {
	part := func(shift float64) uint8 {
		k := math.Mod(shift+hue*6, 6)
		return uint8(255*(bright-bright*strength*max(0, min(k, 4-k, 1))) + 0.5)
	}
	return color.RGBA{part(5), part(3), part(1), 255}
}
