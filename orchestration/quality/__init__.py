"""What a data engineer sees of data quality: rule results, open questions, a row's way back."""
