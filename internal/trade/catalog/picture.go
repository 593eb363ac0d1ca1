package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/gif" // decoders of what may be uploaded
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Limits of an upload: bytes, and pixels, which cost memory whatever the bytes are.
const (
	MaxPictureBytes = 10 << 20
	maxPixels       = 40 << 20
)

// Widths are the widths, in pixels, that a picture is kept in; one that is narrower is kept as wide as it is.
var Widths = []int{160, 480, 960, 1600}

// Picture is an uploaded picture.
type Picture struct {
	ID     string    `db:"id" json:"id"`
	Width  int64     `db:"width" json:"width"`
	Height int64     `db:"height" json:"height"`
	Kind   string    `db:"kind" json:"kind" doc:"image/jpeg, or image/png when parts can be seen through"`
	Name   string    `db:"name" json:"name" doc:"The file's name when it was uploaded"`
	By     string    `db:"made_by" json:"by"`
	At     time.Time `db:"at" json:"at"`
}

// Upload reads a picture by what is in it, never by its name, and keeps it encoded anew, so that nothing but pixels is served:
// no script in an SVG, no place in an EXIF. The same picture uploaded twice is one.
func (s *Service) Upload(ctx context.Context, r io.Reader, name, by string) (Picture, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxPictureBytes+1))
	if err != nil {
		return Picture{}, fmt.Errorf("picture: %w", err)
	}
	if len(raw) > MaxPictureBytes {
		return Picture{}, invalid("file", "picture.size", "a picture has at most %d MB", MaxPictureBytes>>20)
	}
	sum := sha256.Sum256(raw)
	p := Picture{ID: "pic_" + hex.EncodeToString(sum[:13]), Name: name, By: by, At: s.now()}
	if known, err := store.One[Picture](ctx, s.db, `SELECT * FROM pictures WHERE id = ?`, p.ID); err == nil || !errs.Is(err, errs.NotFound) {
		return known, err
	}
	files, err := p.encode(raw)
	if err != nil {
		return p, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := store.InsertAll(ctx, tx, "pictures", []Picture{p}, "ON CONFLICT DO NOTHING")
		if err != nil || n == 0 {
			return err
		}
		for width, body := range files {
			if _, err := tx.Exec(ctx, `INSERT INTO picture_files (picture, width, body) VALUES (?, ?, ?)`, p.ID, width, body); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// Encode reads a picture by what is in it and returns its size and kind, and its files, encoded anew, by width. What is no picture, or
// too large a one, is Invalid.
func Encode(raw []byte) (Picture, map[int][]byte, error) {
	var p Picture
	files, err := p.encode(raw)
	return p, files, err
}

// encode returns the picture's files by width, and notes its size and kind.
func (p *Picture) encode(raw []byte) (map[int][]byte, error) {
	unreadable := invalid("file", "picture.unreadable", "this is no JPEG, PNG, WebP or GIF picture")
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, unreadable
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return nil, invalid("file", "picture.pixels", "a picture has at most %d million pixels", maxPixels>>20)
	}
	img, format, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, unreadable
	}
	if format == "jpeg" {
		img = upright(img, orientation(raw))
	}
	p.Width, p.Height, p.Kind = int64(img.Bounds().Dx()), int64(img.Bounds().Dy()), "image/jpeg"
	if o, ok := img.(interface{ Opaque() bool }); format != "jpeg" && (!ok || !o.Opaque()) {
		p.Kind = "image/png"
	}
	files := map[int][]byte{}
	for _, width := range Widths {
		sized := img
		if int64(width) < p.Width {
			height := max(1, int(p.Height*int64(width)/p.Width))
			to := image.NewRGBA(image.Rect(0, 0, width, height))
			draw.CatmullRom.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
			sized = to
		}
		var out bytes.Buffer
		if p.Kind == "image/png" {
			err = png.Encode(&out, sized)
		} else {
			err = jpeg.Encode(&out, sized, &jpeg.Options{Quality: 82})
		}
		if err != nil {
			return nil, fmt.Errorf("picture: %w", err)
		}
		files[width] = out.Bytes()
		if int64(width) >= p.Width {
			break
		}
	}
	return files, nil
}

// PictureFile returns a picture's bytes and kind in the least of its widths that is not narrower than asked for, or in its
// widest.
func (s *Service) PictureFile(ctx context.Context, pictureID string, width int) (body []byte, kind string, err error) {
	type row struct {
		Kind string `db:"kind"`
		Body []byte `db:"body"`
	}
	r, err := store.One[row](ctx, s.db, `SELECT p.kind, f.body FROM pictures p JOIN picture_files f ON f.picture = p.id WHERE p.id = ?
		ORDER BY CASE WHEN f.width >= ? THEN 0 ELSE 1 END, CASE WHEN f.width >= ? THEN f.width ELSE -f.width END LIMIT 1`, pictureID, width, width)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "picture.not_found", "there is no such picture")
	}
	return r.Body, r.Kind, err
}

// orientation finds how a JPEG's camera was held (EXIF 2.3, tag 0x0112): 1 to 8, 1 when it does not say.
func orientation(raw []byte) int {
	for at := 2; at+4 <= len(raw) && raw[at] == 0xFF; {
		marker, size := raw[at+1], int(raw[at+2])<<8|int(raw[at+3])
		if marker == 0xDA || size < 2 || at+2+size > len(raw) {
			return 1
		}
		if seg := raw[at+4 : at+2+size]; marker == 0xE1 && len(seg) > 14 && string(seg[:6]) == "Exif\x00\x00" {
			return tiffOrientation(seg[6:])
		}
		at += 2 + size
	}
	return 1
}

func tiffOrientation(t []byte) int {
	order := func(b []byte) int {
		if t[0] == 'I' {
			return int(b[0]) | int(b[1])<<8
		}
		return int(b[1]) | int(b[0])<<8
	}
	long := func(b []byte) int {
		if t[0] == 'I' {
			return order(b) | order(b[2:])<<16
		}
		return order(b)<<16 | order(b[2:])
	}
	ifd := long(t[4:])
	if ifd < 8 || ifd+2 > len(t) {
		return 1
	}
	for i, n := 0, order(t[ifd:]); i < n; i++ {
		at := ifd + 2 + 12*i
		if at+12 > len(t) {
			return 1
		}
		if order(t[at:]) == 0x0112 {
			if o := order(t[at+8:]); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// upright turns a picture the way it was seen.
func upright(img image.Image, orientation int) image.Image {
	if orientation == 1 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.Set(tx, ty, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}
