"""What every HTTP edge needs: who asks, problems, pages."""
